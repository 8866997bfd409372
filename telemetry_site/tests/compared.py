"""Comparing what a page shows with what the API answers for the same filter, until nothing shown is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape, unescape
from typing import Any, ClassVar
from urllib.parse import unquote, urlencode
from zoneinfo import ZoneInfo

from django.test import Client
from django.urls import resolve

from telemetry_site.tests.asking import ask
from telemetry_site.tests.shown import Place, Shown, counts, figures

CLASSES = {
    "Input": "inputTokens",
    "Output": "outputTokens",
    "Cache write": "cacheCreationTokens",
    "Cache read": "cacheReadTokens",
}
MICRO = Decimal("0.000001")


@dataclass(frozen=True)
class Near:
    """What is drawn: a share of a bar, known to a tenth."""

    value: float


Wanted = int | float | Decimal | str | Near | None


class Seen:
    """The figures and counts of a page that nothing was compared with yet, and what was wrong with the others."""

    # The names of the routes that were compared so far.
    routes: ClassVar[set[str]] = set()
    headers: ClassVar[dict[str, str]] = {"host": "localhost"}

    def __init__(self, address: str, **query: str) -> None:
        self.address = f"{address}?{urlencode(query)}" if query else address
        answer = self.answer(Client(headers=self.headers))
        assert answer.status_code == 200, (self.address, answer.status_code)
        Seen.routes.add(str(resolve(unquote(address)).url_name))
        self.html = answer.content.decode()
        self.left = figures(self.html)
        self.counted = Counter(counts(self.html))
        self.wrong = [
            f"{place}: {each} is not rounded as others are"
            for place, found in self.left.items()
            for each in found
            if not each.is_rounded_well()
        ]

    def answer(self, client: Client) -> Any:
        return client.get(self.address)

    def rows(self, heading: str) -> list[str]:
        """The names of the rows of a table, or of what is named in one part of the page."""
        return list(dict.fromkeys(place[1] for place in self.left if place[0] == heading and len(place) == 3))

    def take(self, *place: str) -> list[Shown]:
        return self.left.pop(place, [])

    def same(self, place: Place, *wanted: Wanted) -> None:
        """Compare what stands at a place, in its order."""
        found = self.take(*place)
        if len(found) != len(wanted) or not all(map(agree, found, wanted)):
            self.wrong.append(f"{place}: {[(str(f.value), f.text) for f in found]}, not {wanted}")

    def row(self, heading: str, name: str, wanted: Mapping[str, Wanted | tuple[Wanted, ...]]) -> None:
        for column, value in wanted.items():
            self.same((heading, name, column), *(value if isinstance(value, tuple) else (value,)))

    def says(self, *wanted: str) -> None:
        """Compare with what stands in running words: "5 tasks"; "0 tasks" need not stand there."""
        for each in wanted:
            if self.counted[each]:
                self.counted[each] -= 1
            elif not each.startswith("0 "):
                self.wrong.append(f"{each} is not said, but {list(self.counted)}")

    def repeats(self, text: str) -> None:
        """Words of an API answer that stand on the page, with their counts."""
        assert unescape(text) in unescape(self.html), text
        self.says(*counts(f"<p>{escape(text)}</p>"))

    def done(self) -> None:
        """Fail with all that was wrong, and with every figure that was compared with nothing."""
        unclaimed = [
            f"{place}: {[f.text for f in found]} was not compared" for place, found in self.left.items()
        ]
        unclaimed += [f"“{each}” was not compared" for each in self.counted.elements()]
        assert not self.wrong + unclaimed, "\n".join([self.address, *self.wrong, *unclaimed])


class Region(Seen):
    """The part of a page that htmx puts there."""

    headers: ClassVar[dict[str, str]] = {"host": "localhost", "hx-request": "true"}


class Sent(Region):
    """What htmx puts there when a form is sent."""

    def __init__(self, address: str, form: Mapping[str, str]) -> None:
        self.form = form
        super().__init__(address)

    def answer(self, client: Client) -> Any:
        return client.post(self.address, dict(self.form))


def agree(found: Shown, wanted: Wanted) -> bool:
    """Money of the API has six places."""
    if isinstance(wanted, str):
        return found.text == wanted
    if wanted is None or found.value is None:
        return wanted is None and found.value is None
    if isinstance(wanted, Near):
        return abs(found.value - Decimal(str(wanted.value))) < Decimal("0.06")
    if isinstance(wanted, Total):
        return abs(found.value - wanted) <= wanted.parts * MICRO / 2
    return found.value.quantize(MICRO) == Decimal(str(wanted)).quantize(MICRO)


def api(route: str, **query: Any) -> Any:
    answer = ask(f"/api/{route}?{urlencode(query)}")
    assert answer.status_code == 200, (route, query, answer.content)
    return answer.json()


def items(route: str, **query: Any) -> list[dict[str, Any]]:
    """Every item of a list, all of its pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = api(route, limit=500, offset=len(found), **query)
        found += page["items"]
        if len(found) >= page["total"]:
            return found


def by_name(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


class Total(Decimal):
    """A sum of parts that the API rounded, each to six places."""

    parts = 1


def exact(rows: Iterable[Mapping[str, Any]], *names: str) -> Total:
    """A sum over rows; each is as exact as the API tells it."""
    values = [Decimal(str(row[name] or 0)) for row in rows for name in names]
    found = Total(sum(values, Decimal()))
    found.parts = len(values)
    return found


def percent(part: Any, whole: Any) -> float:
    return 100 * float(part) / float(whole)


def cost(value: float | None, responses: int) -> float | None:
    """Where nothing was used, pages show a dash instead of no money."""
    return value if responses else None


def day(moment: str, tz: str = "UTC") -> date:
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(tz)).date()


def dashboard(asked: Mapping[str, str]) -> dict[str, str]:
    """How the dashboard and the explorer are asked for the same."""
    return {"period": "custom" if "start" in asked else "all", **asked}


def numbered(count: int, what: str) -> str:
    return f"{count} {what}" + "s" * (count != 1)
