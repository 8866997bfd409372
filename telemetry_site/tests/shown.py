"""The figures that a page shows, each under the words that stand around it.

A figure is what carries an exact value: a `<data>`, a meter, a cell of numbers with its exact value as a title, an
element that is nothing but a number, or the mark of a value that is not known. Its place is the heading of its part of
the page, its row and its column; in a transcript it is the entry.

What is counted in running words, such as "5 tasks", is a count.
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
_THING = re.compile(r"^/(?:sessions|features|tasks|documents|alerts)/([^/?#]+)$")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_ENTRY = re.compile(r"(?:.*-)?entry-[0-9]+(?:-[0-9]+)?")
_BARE = re.compile(r"[0-9][0-9\u202f]*")
# Places in a file and its lines are no figures.
_SETS_NUMBERS = {"dd", "h2", "p", "span", "strong"}
_NAMES = {"line-no", "mono", "truncate", "rail-words", "chip"}
# Words of other people, names, times and the numbers of pages: none is a count of ours.
_NO_COUNTS = {"code", "pre", "time", "textarea", "option", "data", "meter", "progress", "title"}
_NO_COUNTS_WITHIN = {
    "prose",
    "code",
    "document-body",
    "transcript",
    "visually-hidden",
    "rail-words",
    "mono",
    "truncate",
}
_COUNT = re.compile(
    r"([0-9][0-9\u202f]*)(?: (?:more|other|complete|finished|unread|open|tool|model|API|usable))* "
    r"(unread|usable|tasks?|sessions?|features?|files?|lines?|responses?|calls?|records?|entry|entries|events?"
    r"|match(?:es)?|results?|documents?|phases?|prompts?|compactions?|errors?|folders?|rules?|channels?|links?"
    r"|subagents?|forks?|projects?|rejected|blocked|interrupted|unanswered|ok|pending|commits?|notifications?|rows?|secrets?|samples?|times?)\b"
)

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


def counts(html: str) -> list[str]:
    """What a page counts in running words: "5 tasks"."""
    root = tree(html)
    main = root.find(".//main")
    text = "".join(_own_words(root if main is None else main))
    return [f"{number.replace(formatting.THIN_SPACE, '')} {what}" for number, what in _COUNT.findall(text)]


def _own_words(element: Element) -> Iterator[str]:
    """The words of ours in an element; what stands between two elements keeps them apart."""
    kinds = set(element.get("class", "").split())
    if (
        "hx-disable" in element.attrib
        or element.tag in _NO_COUNTS
        or kinds & _NO_COUNTS_WITHIN
        or _THING.match(element.get("href", ""))
    ):
        return
    yield re.sub(r"[ \n]+", " ", element.text or "")
    for child in element:
        yield from _own_words(child)
        yield re.sub(r"[ \n]+", " ", child.tail or "\v")


def figures(html: str) -> dict[Place, list[Shown]]:
    """The figures of a page, or of a region of one, in their order at each place."""
    root = tree(html)
    main = root.find(".//main")
    return _Walk(root if main is None else main).figures()


def _ours(element: Element) -> Iterator[Element]:
    """The elements that are not words of a transcript or plan, which stand inside `hx-disable`."""
    if "hx-disable" not in element.attrib:
        yield element
        for child in element:
            yield from _ours(child)


class _Walk:
    def __init__(self, top: Element) -> None:
        self.top = top
        self.parents = {child: parent for parent in top.iter() for child in parent}

    def figures(self) -> dict[Place, list[Shown]]:
        found: dict[Place, list[Shown]] = {}
        for element in _ours(self.top):
            for shown in _shown(element):
                found.setdefault(self.place(element), []).append(shown)
        return found

    def place(self, element: Element) -> Place:
        if entry := self._entry(element):
            return (entry,)
        if (cell := self._above(element, "td")) is not None:
            table = self._above(cell, "table")
            return (self.heading(cell if table is None else table), *self._of_cell(cell))
        if (given := self._above(element, "dd")) is not None:
            return (self.heading(given), self._term(given))
        return (self.heading(element),)

    def _entry(self, element: Element) -> str:
        """The entry of a transcript that the element stands in."""
        at: Element | None = element
        while at is not None and not _ENTRY.fullmatch(at.get("id", "")):
            at = self.parents.get(at)
        return "" if at is None else at.get("id", "")

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
        case tag if tag in _SETS_NUMBERS and _is_bare(element, text):
            return [Shown(Decimal(text.replace(formatting.THIN_SPACE, "")), text)]
        case "strong" | "span" if "num" in kinds and not len(element) and "/" not in text:
            return [_cell(text, element.get("title"))]
        case "td" if "cell-number" in kinds and text and not any(map(_shown, list(element.iter())[1:])):
            return [_cell(text, element.get("title"))]
    return []


def _is_bare(element: Element, text: str) -> bool:
    """Whether an element is nothing but a number. That of the page one is on is none."""
    is_name = bool(_NAMES & set(element.get("class", "").split())) or "aria-current" in element.attrib
    return not len(element) and not is_name and _BARE.fullmatch(text) is not None


def _cell(text: str, exact: str | None) -> Shown:
    """A cell of numbers without markup of its own: its exact value is on hover, or it is what it says."""
    told = (text if exact is None else exact).replace(formatting.MINUS, "-")
    number = re.sub(r"^\$|[\s\u202f]|tokens$|lines$|%$", "", told)
    if not _NUMBER.fullmatch(number):
        return Shown(None, text)
    return Shown(Decimal(number), text, exact)
