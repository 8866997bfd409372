"""Which values the labels of counters may have: the first so many that appear, the rest is `other` for ever."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from analytics.models import LabelValue
from analytics.querysets import UNATTRIBUTED
from sessions.bulk import in_chunks
from sessions.models import Project

OTHER = "other"
LONGEST = 100
# How many values of each label are shown. Others are counted in `other`, so that sums hold.
PLACES = {"project": 100, "model": 50, "tool": 50}
_ALWAYS_SHOWN = frozenset({UNATTRIBUTED, OTHER})


def label_values(label: str, sizes: Mapping[str, int]) -> dict[str, str]:
    """{value: what it is shown as}. New values get the places that are left, the largest first.

    For writers only: what is decided here is kept.
    """
    wanted = {value[:LONGEST] for value in sizes} - _ALWAYS_SHOWN
    known = _known(label, wanted)
    if newcomers := wanted - known.keys():
        ranked = {value[:LONGEST]: size for value, size in sorted(sizes.items(), key=lambda item: item[1])}
        _admit(label, sorted(newcomers, key=lambda value: (-ranked[value], value)))
        known = _known(label, wanted)
    shown = {value for value, is_shown in known.items() if is_shown}
    return {value: _shown(value, shown) for value in sizes}


def _known(label: str, values: Iterable[str]) -> dict[str, bool]:
    known: dict[str, bool] = {}
    for chunk in in_chunks(values):
        found = LabelValue.objects.filter(label=label, value__in=chunk)
        known.update(found.values_list("value", "is_shown"))
    return known


def _admit(label: str, ranked: list[str]) -> None:
    free = PLACES[label] - LabelValue.objects.filter(label=label, is_shown=True).count()
    rows = [LabelValue(label=label, value=v, is_shown=place < free) for place, v in enumerate(ranked)]
    LabelValue.objects.bulk_create(rows, ignore_conflicts=True)


def _shown(value: str, shown: AbstractSet[str]) -> str:
    short = value[:LONGEST]
    return short if short in shown or short in _ALWAYS_SHOWN else OTHER


class ShownValues:
    """What was decided, for readers: gauges name the same values as counters."""

    def __init__(self, label: str) -> None:
        shown = LabelValue.objects.filter(label=label, is_shown=True)
        self._shown = frozenset(shown.values_list("value", flat=True))

    def __call__(self, value: str) -> str:
        return _shown(value, self._shown)


def dropped_counts() -> dict[str, int]:
    """{label: values that are in `other`}; they never become fewer."""
    dropped = LabelValue.objects.filter(is_shown=False)
    return {label: dropped.filter(label=label).count() for label in PLACES}


def admit_planned_projects() -> None:
    """Give projects that only plans tell of a place."""
    slugs = Project.objects.filter(features__isnull=False).distinct().values_list("slug", flat=True)
    label_values("project", dict.fromkeys(slugs, 0))
