"""A browser that listens while it goes from page to page: what a page must not do is a complaint with its address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, TimeoutError

# A region that is filled stays where it was; the others are replaced by what came.
REGIONS_CAME = "() => !document.querySelector('[hx-trigger=load]:not([hx-swap=innerHTML]), .htmx-request')"
HEAR_VIOLATIONS = """addEventListener("securitypolicyviolation", event =>
    console.log(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`))"""
UNFOLD = "document.querySelectorAll('details').forEach(fold => { fold.open = true })"
PATIENCE_MS = 20_000
# Another page is asked for while regions of this one are still on their way.
CUT_OFF = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")


class Tab:
    """One page of a browser, with all it has to say."""

    def __init__(self, page: Page, root: str) -> None:
        self.page, self.root = page, root
        self.complaints: list[str] = []
        page.add_init_script(HEAR_VIOLATIONS)
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", self._dismiss)
        page.on("response", self._answer)
        page.on("request", lambda request: self._ask(request.url))

    def begin(self, address: str) -> None:
        """Go there without waiting for the whole of it, so that several tabs load at a time."""
        self.address = address
        self.page.goto(self.root + address, wait_until="commit")

    def arrive(self) -> None:
        """Wait until the page and all its regions are there."""
        self.page.wait_for_load_state("load")
        try:
            self.page.wait_for_function(REGIONS_CAME, timeout=PATIENCE_MS)
        except TimeoutError:
            self.complaints.append("a region did not come")

    def told(self) -> list[str]:
        """What was to complain about since the last time this was asked."""
        found = [f"{self.address}: {complaint}" for complaint in self.complaints]
        self.complaints.clear()
        return found

    def _listen(self, message: ConsoleMessage) -> None:
        # A region that is opened as a page of its own does not say where the icon is.
        if not message.text.startswith(CUT_OFF) and not message.location["url"].endswith("/favicon.ico"):
            self.complaints.append(f"console: {message.text}")

    def _dismiss(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _answer(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} of {response.url}")

    def _ask(self, url: str) -> None:
        if not url.startswith((self.root, "data:")):
            self.complaints.append(f"asked for {url}")


@contextmanager
def tabs(browser: Browser, root: str, count: int = 3, **options: Any) -> Iterator[list[Tab]]:
    """Tabs of one window."""
    context = browser.new_context(**options)
    yield [Tab(context.new_page(), root) for _ in range(count)]
    context.close()


def visits(among: list[Tab], addresses: Iterable[str]) -> Iterator[list[Tab]]:
    """The addresses in turns of as many as there are tabs, each turn arrived."""
    waiting = list(addresses)
    while waiting:
        turn = list(zip(among, waiting, strict=False))
        del waiting[: len(turn)]
        for tab, address in turn:
            tab.begin(address)
        for tab, _ in turn:
            tab.arrive()
        yield [tab for tab, _ in turn]
