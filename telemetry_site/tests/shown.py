"""The figures that a page shows, each under the words that stand around it.

A figure is what carries an exact value: a `<data>`, a meter, a cell of numbers with its exact value as a title, or
the mark of a value that is not known. Its place is the heading of its part of the page, its row and its column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree.ElementTree import Element, TreeBuilder

from analytics import formatting
from analytics.metrics import Unit

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
HEADINGS = {"h1", "h2", "h3", "caption", "summary"}
# A row about one of these goes by its id: two can have the same title.
_THING = re.compile(r"^/(?:sessions|features|tasks)/([^/?#]+)$")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")

Place = tuple[str, ...]
Value = Decimal | None


@dataclass(frozen=True)
class Shown:
    """A figure: its exact value, None where it is not known, the text that is read and the one on hover."""

    value: Value
    text: str
    exact: str | None = None

    def is_rounded_well(self) -> bool:
        """Whether text and hover are what the project's formatter makes of the value, in whichever unit."""
        if self.value is None or self.exact is None:
            return True
        made = [formatting.figure(_number(self.value), unit) for unit in Unit]
        return (self.text, self.exact) in [(each.text, each.exact or each.text) for each in made]


def _number(value: Decimal) -> int | Decimal:
    """A whole number as such: the formatter writes out no decimals of it."""
    return int(value) if value == value.to_integral_value() else value


class _Tree(HTMLParser):
    """The elements of a page of ours, which closes what it opens."""

    def __init__(self) -> None:
        super().__init__()
        self.made = TreeBuilder()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.made.start(tag, {name: value or "" for name, value in attrs})
        self.open.append(tag)
        if tag in VOID:
            self._close(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.made.start(tag, {name: value or "" for name, value in attrs})
        self.made.end(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open[-1] == tag, f"</{tag}> closes {self.open}"
            self._close(tag)

    def handle_data(self, data: str) -> None:
        self.made.data(data)

    def _close(self, tag: str) -> None:
        self.made.end(tag)
        self.open.pop()


def tree(html: str) -> Element:
    """A page, or a region of one, as elements."""
    parser = _Tree()
    parser.handle_starttag("page", [])
    parser.feed(html)
    parser.close()
    parser.handle_endtag("page")
    return parser.made.close()


def words(element: Element | None) -> str:
    """The text of an element as one reads it, without what only screen readers get."""
    return "" if element is None else re.sub(r"[ \n]+", " ", "".join(_texts(element))).strip()


def _texts(element: Element) -> Iterator[str]:
    if "visually-hidden" in element.get("class", "") or element.tag in ("svg", "script"):
        return
    yield element.text or ""
    if element.tag == "br":
        yield " "
    for child in element:
        yield from _texts(child)
        yield child.tail or ""


def figures(html: str) -> dict[Place, list[Shown]]:
    """The figures of a page, or of a region of one, in their order at each place."""
    root = tree(html)
    main = root.find(".//main")
    return _Walk(root if main is None else main).figures()


class _Walk:
    def __init__(self, top: Element) -> None:
        self.top = top
        self.parents = {child: parent for parent in top.iter() for child in parent}

    def figures(self) -> dict[Place, list[Shown]]:
        found: dict[Place, list[Shown]] = {}
        for element in self.top.iter():
            for shown in _shown(element):
                found.setdefault(self.place(element), []).append(shown)
        return found

    def place(self, element: Element) -> Place:
        if (cell := self._above(element, "td")) is not None:
            return (self.heading(cell), *self._of_cell(cell))
        if (given := self._above(element, "dd")) is not None:
            return (self.heading(given), self._term(given))
        return (self.heading(element),)

    def heading(self, element: Element) -> str:
        """The label of a part of the page around the element, or the heading in it, whichever is nearer."""
        at = self.parents.get(element)
        while at is not None:
            if at.tag not in ("td", "dd", "tr", "tbody") and (label := at.get("aria-label")):
                return label
            for each in at.iter():
                if each.tag in HEADINGS and element not in each.iter():
                    return words(each)
            at = self.parents.get(at)
        return ""

    def _of_cell(self, cell: Element) -> Place:
        row = self.parents[cell]
        name = _name(row.find("th"))
        if label := cell.get("data-label"):
            return (name, label)
        table = self._above(row, "table")
        columns = [] if table is None else [words(each) for each in table.findall("./thead/tr/th")]
        return (name, columns[list(row).index(cell)])

    def _term(self, given: Element) -> str:
        """The <dt> that a <dd> answers."""
        siblings = list(self.parents[given])
        return words([each for each in siblings[: siblings.index(given)] if each.tag == "dt"][-1])

    def _above(self, element: Element, tag: str) -> Element | None:
        at: Element | None = element
        while at is not None and at.tag != tag:
            at = self.parents.get(at)
        return at


def _name(head: Element | None) -> str:
    """What a row is about."""
    if head is None:
        return ""
    link = head.find(".//a")
    if link is None:
        strong = head.find("strong")
        return words(head if strong is None else strong)
    thing = _THING.match(unquote(link.get("href", "")))
    return thing[1] if thing else link.get("title") or words(link)


def _shown(element: Element) -> list[Shown]:
    """What an element itself shows; a cell counts where nothing in it does."""
    kinds = element.get("class", "").split()
    text = words(element)
    match element.tag:
        case "data":
            return [Shown(Decimal(element.get("value", "")), text, element.get("title"))]
        case "meter":
            return [Shown(Decimal(element.get("value", "")), text)]
        case "progress":
            return [Shown(Decimal(element.get(name, "")), text) for name in ("value", "max")]
        case "span" if "unknown" in kinds or "change" in kinds:
            return [Shown(None, text)]
        case "td" if "cell-number" in kinds and text and not any(map(_shown, list(element.iter())[1:])):
            return [_cell(text, element.get("title"))]
    return []


def _cell(text: str, exact: str | None) -> Shown:
    """A cell of numbers without markup of its own: its exact value is on hover, or it is what it says."""
    told = (text if exact is None else exact).replace(formatting.MINUS, "-")
    number = re.sub(r"^\$|[\s\u202f]|tokens$|lines$|%$", "", told)
    if not _NUMBER.fullmatch(number):
        return Shown(None, text)
    return Shown(Decimal(number), text, exact)
