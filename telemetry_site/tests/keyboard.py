"""What a keyboard alone can do with a page that a browser shows, as the page itself tells it.

Everything that takes the focus is found in the document, not listed: that it shows when it has the focus (WCAG 2.4.7),
that nothing lies over it then (2.4.11), and that the Tab key comes to it and leaves it again (2.1.1, 2.1.2).
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession, Page

# More than one press where a control has stops of its own inside: three of a date and its calendar.
PRESSES_AT_A_TIME = 20
TAB = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9, "nativeVirtualKeyCode": 9}
LISTEN = """() => {
    const controls = `a[href], area[href], button, input, select, textarea, summary, iframe, audio[controls],
        video[controls], [contenteditable], [tabindex]`;
    const isThere = (element) => element.isConnected && element.checkVisibility({visibilityProperty: true})
        && element.tabIndex >= 0 && !element.matches(":disabled") && !element.closest("[inert]");
    // The menu of narrow windows closes when the focus leaves it.
    document.querySelectorAll("details[data-menu]").forEach((menu) => { menu.open = false; });
    const kind = (element) => element ? `${kind(element.parentElement)} ${element.tagName}.${element.className}` : "";
    const kinds = Map.groupBy([...document.querySelectorAll(controls)].filter(isThere), kind);
    // Of what repeats, such as the links of rows, the first three and the last; the rest does not take part.
    const due = [...kinds.values()].flatMap((alike) => [...alike.slice(0, 3), ...alike.slice(3).slice(-1)]);
    [...kinds.values()].flatMap((alike) => alike.slice(3, -1)).forEach((element) => { element.tabIndex = -1; });
    const words = (element) => element.outerHTML.replace(/\\s+/g, " ").slice(0, 160);

    // The element, what it draws behind itself, or what encloses it shows that it has the focus.
    const outline = (element, part) => {
        const {outlineStyle, outlineWidth, outlineColor} = getComputedStyle(element, part);
        return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && !/[, ]0\\)$/.test(outlineColor);
    };
    const shows = (element) => {
        if (outline(element)) return true;
        const around = [element, element.parentElement, element.parentElement?.parentElement].filter(Boolean);
        const places = around.flatMap((each) => [[each, null], [each, "::before"], [each, "::after"]]);
        const drawn = places.filter((place) => outline(...place));
        element.blur();
        return drawn.some((place) => !outline(...place));
    };

    const within = (low, high, most) => [Math.max(low, 0), Math.min(high, most)];
    const isUncovered = (element) => [...element.getClientRects()].some((box) => {
        const [left, right] = within(box.left, box.right, innerWidth);
        const [top, bottom] = within(box.top, box.bottom, innerHeight);
        if (left >= right || top >= bottom) return false;
        const [x, y] = [(left + right) / 2, (top + bottom) / 2];
        return [[x, y], [left + 2, top + 2], [right - 2, top + 2], [left + 2, bottom - 2], [right - 2, bottom - 2]]
            .some((point) => {
                const found = document.elementFromPoint(...point);
                return found && (element.contains(found) || found.closest("label")?.control === element);
            });
    });

    const came = new Set();
    // A group of radio buttons is one stop; its arrows lead on.
    const arrived = (element) => came.has(element) || element.type === "radio"
        && [...came].some((other) => other.type === "radio" && other.name === element.name);
    addEventListener("keyup", () => came.add(document.activeElement), true);
    addEventListener("keydown", () => came.add(document.activeElement), true);

    window.keyboard = {
        begin: () => { document.activeElement?.blur(); scrollTo(0, 0); came.clear(); return due.length; },
        left: () => due.filter((element) => isThere(element) && !arrived(element)).map(words),
        look: () => due.filter(isThere).flatMap((element) => {
            element.focus({focusVisible: true});
            document.getAnimations().forEach((animation) => animation.finish());
            if (document.activeElement !== element) return `does not take the focus: ${words(element)}`;
            const found = isUncovered(element) ? [] : [`is covered while it has the focus: ${words(element)}`];
            return shows(element) ? found : [...found, `does not show that it has the focus: ${words(element)}`];
        }),
    };
}"""


def focus_troubles(page: Page) -> list[str]:
    """What is wrong with the things on a page when they have the focus, one after the other."""
    page.evaluate(LISTEN)
    found: list[str] = page.evaluate("keyboard.begin(), keyboard.look()")
    return found


def never_reached(page: Page) -> list[str]:
    """What the Tab key does not come to, from the top of a page that `focus_troubles` looked at."""
    stops: int = page.evaluate("keyboard.begin()")
    keys = page.context.new_cdp_session(page)
    left: list[str] = []
    for _ in range(2 + 4 * stops // PRESSES_AT_A_TIME):
        press_tab(keys, PRESSES_AT_A_TIME)
        left = page.evaluate("keyboard.left()")
        if not left:
            break
    keys.detach()
    return [f"the Tab key does not come to: {each}" for each in left]


def press_tab(keys: CDPSession, times: int) -> None:
    """Only the presses, which are what moves the focus: half as much to say to the browser."""
    command: dict[str, Any] = {"type": "rawKeyDown", **TAB}
    for _ in range(times):
        keys.send("Input.dispatchKeyEvent", command)
