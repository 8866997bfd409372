"""What a terminal shows of an output: colours as class names, and lines that were written over as they ended."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sessions.parsers.display import shown

# Select graphic rendition, erase in line, and what makes a cursor go back.
_STEPS = re.compile(r"\x1b\[([0-9;:]{0,60})m|\x1b\[([02]?)K|(\r|\x08)")
_TORN = re.compile(r"\x1b[^A-Za-z\x1b]{0,60}\Z")
_SWITCHES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}
# The sixteen colours of a terminal as most programs mean them; every other colour is shown as the nearest of these.
_PALETTE = (
    *((0, 0, 0), (205, 49, 49), (13, 188, 121), (229, 229, 16)),
    *((36, 114, 200), (188, 63, 188), (17, 168, 205), (229, 229, 229)),
    *((102, 102, 102), (241, 76, 76), (35, 209, 139), (245, 245, 67)),
    *((59, 142, 234), (214, 112, 214), (41, 184, 219), (255, 255, 255)),
)
_CUBE = (0, 95, 135, 175, 215, 255)


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks: a colour of the sixteen or None for the usual one, and what is switched on."""

    front: int | None = None
    back: int | None = None
    on: frozenset[str] = frozenset()

    @property
    def classes(self) -> str:
        """Names of classes, "" for plain text."""
        names = sorted(f"ansi-{name}" for name in self.on)
        if self.front is not None:
            names.append(f"ansi-{self.front}")
        if self.back is not None:
            names.append(f"ansi-on-{self.back}")
        return " ".join(names)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text of one look; `classes` is "" where it is plain."""

    text: str
    classes: str = ""


PLAIN = Style()


def runs(text: str) -> list[Run]:
    """The text as a terminal leaves it. Takes time in proportion to its length, whatever stands in it."""
    text = _TORN.sub("", text.replace("\r\n", "\n"))
    if "\x1b" not in text and "\r" not in text and "\x08" not in text:
        return [Run(shown(text))] if text else []
    style, found = PLAIN, []
    for number, line in enumerate(text.split("\n")):
        if number:
            found.append(("\n", style))
        pieces, style = _line(line, style)
        found += pieces
    return _joined(found)


def _line(line: str, style: Style) -> tuple[list[tuple[str, Style]], Style]:
    """The pieces of a line, and the style it leaves behind."""
    if "\r" in line or "\x08" in line:
        return _overwritten(line, style)
    pieces = []
    for text, step in _steps(line):
        if text:
            pieces.append((text, style))
        if step is not None and step[1] is not None:
            style = changed(style, step[1])
    return pieces, style


def _steps(line: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Each stretch of text with the step behind it, None behind the last."""
    at = 0
    for step in _STEPS.finditer(line):
        yield line[at : step.start()], step
        at = step.end()
    yield line[at:], None


def _overwritten(line: str, style: Style) -> tuple[list[tuple[str, Style]], Style]:
    cells: list[tuple[str, Style]] = []
    column = 0
    for text, step in _steps(line):
        for character in shown(text):
            cells += [(" ", PLAIN)] * (column - len(cells))
            cells[column : column + 1] = [(character, style)]
            column += 1
        if step is None:
            break
        if step[1] is not None:
            style = changed(style, step[1])
        elif step[2] is not None:
            del cells[0 if step[2] == "2" else column :]
        else:
            column = 0 if step[3] == "\r" else max(0, column - 1)
    return cells, style


def changed(style: Style, codes: str) -> Style:
    """The style behind a sequence that selects a look; codes that are not known change nothing."""
    numbers = [int(code or 0) if len(code) < 4 else -1 for code in re.split("[;:]", codes)]
    at = 0
    while at < len(numbers):
        code = numbers[at]
        if code in (38, 48):
            colour, used = _extended(numbers[at + 1 : at + 5])
            style = replace(style, front=colour) if code == 38 else replace(style, back=colour)
            at += used
        else:
            style = _switched(style, code)
        at += 1
    return style


def _switched(style: Style, code: int) -> Style:
    if code == 0:
        return PLAIN
    if code in _SWITCHES:
        return replace(style, on=style.on | {_SWITCHES[code]})
    if code in _OFF:
        return replace(style, on=style.on.difference(_OFF[code]))
    for first, shift in ((30, 0), (90, 8)):
        if first <= code <= first + 7:
            return replace(style, front=code - first + shift)
        if first + 10 <= code <= first + 17:
            return replace(style, back=code - first - 10 + shift)
    if code in (39, 49):
        return replace(style, front=None) if code == 39 else replace(style, back=None)
    return style


def _extended(rest: list[int]) -> tuple[int | None, int]:
    """(colour of the sixteen, numbers used) of `5;n` or `2;r;g;b`."""
    if rest[:1] == [5] and len(rest) > 1:
        return _of_256(rest[1]), 2
    if rest[:1] == [2] and len(rest) > 3:
        return _nearest((rest[1], rest[2], rest[3])), 4
    return None, len(rest)


def _of_256(number: int) -> int | None:
    if 0 <= number < 16:
        return number
    if 16 <= number < 232:
        number -= 16
        return _nearest((_CUBE[number // 36], _CUBE[number // 6 % 6], _CUBE[number % 6]))
    return _nearest((8 + (number - 232) * 10,) * 3) if 232 <= number < 256 else None


def _nearest(colour: tuple[int, int, int]) -> int:
    return min(range(16), key=lambda at: sum((a - b) ** 2 for a, b in zip(_PALETTE[at], colour, strict=True)))


def _joined(pieces: list[tuple[str, Style]]) -> list[Run]:
    """Neighbours of one look in one run, fit to be shown."""
    found: list[Run] = []
    held: list[str] = []
    last = PLAIN
    for text, style in [*pieces, ("", None)]:
        if style != last and held:
            found.append(Run(shown("".join(held)), last.classes))
            held = []
        if style is not None:
            held.append(text)
            last = style
    return [run for run in found if run.text]
