"""Folding a transcript for reading: runs of tool calls and of book-keeping records become one line each."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from sessions.selectors import ResponseFigures, TranscriptItem

FEWEST_CALLS = 3  # fewer are shown one by one


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive items; `kind` is item (one alone), calls or quiet."""

    kind: str
    items: list[TranscriptItem]

    @property
    def first(self) -> TranscriptItem:
        return self.items[0]

    @property
    def tools(self) -> list[tuple[str, int]]:
        """(tool, calls), the most used first."""
        return Counter(item.call.name for item in self.items if item.call).most_common()

    @property
    def calls(self) -> int:
        return sum(count for _, count in self.tools)

    @property
    def failures(self) -> list[tuple[str, int]]:
        """(outcome, calls) of those that did not simply succeed."""
        outcomes = Counter(item.call.outcome for item in self.items if item.call)
        return [(outcome, count) for outcome, count in outcomes.most_common() if outcome != "ok"]

    @property
    def seqs(self) -> frozenset[int]:
        """The lines that are folded in here."""
        return frozenset(item.seq for item in self.items)

    @property
    def marks(self) -> str:
        """What readers may look for and find in here, as `TranscriptItem.marks` has it."""
        return " ".join(dict.fromkeys(mark for item in self.items for mark in item.marks))

    @property
    def lines_changed(self) -> tuple[int, int] | None:
        """Lines added and removed by calls that tell; None where none does."""
        told = [item.call for item in self.items if item.call and item.call.lines_added is not None]
        if not told:
            return None
        return sum(c.lines_added or 0 for c in told), sum(c.lines_removed or 0 for c in told)

    @property
    def responses(self) -> int:
        """Model responses that begin here and are counted in this session."""
        return len(self._own_responses())

    @property
    def cost_usd(self) -> Decimal | None:
        """Of those responses, as far as they have a price; None when none has."""
        costs = [r.cost_usd for r in self._own_responses() if r.cost_usd is not None]
        return sum(costs, Decimal()) if costs else None

    def _own_responses(self) -> list[ResponseFigures]:
        return [r for item in self.items for r in item.responses if not r.is_inherited]

    @property
    def elapsed_ms(self) -> int | None:
        """Sum over the calls that have a time; calls that ran at the same time overlap."""
        times = [i.call.elapsed_ms for i in self.items if i.call and i.call.elapsed_ms is not None]
        return sum(times) if times else None


def grouped(items: Iterable[TranscriptItem]) -> list[Group]:
    """The items in their order, foldable runs folded."""
    groups: list[Group] = []
    run: list[TranscriptItem] = []
    for item in items:
        if _is_work(item):
            run.append(item)
            continue
        groups += _fold(run)
        groups.append(Group("item", [item]))
        run = []
    return [*groups, *_fold(run)]


def _is_work(item: TranscriptItem) -> bool:
    return item.call is not None or item.kind == "thinking" or item.is_quiet


def _fold(run: list[TranscriptItem]) -> Iterator[Group]:
    if sum(item.call is not None for item in run) >= FEWEST_CALLS:
        # What was thought before the first call is read before the fold.
        first = next(at for at, item in enumerate(run) if item.call)
        yield from _fold_quiet(run[:first])
        yield Group("calls", run[first:])
    else:
        yield from _fold_quiet(run)


def _fold_quiet(run: list[TranscriptItem]) -> Iterator[Group]:
    quiet: list[TranscriptItem] = []
    for item in run:
        if item.is_quiet:
            quiet.append(item)
            continue
        if quiet:
            yield Group("quiet", quiet)
            quiet = []
        yield Group("item", [item])
    if quiet:
        yield Group("quiet", quiet)
