"""The first values of a label are shown, the rest is `other`, and neither ever changes."""

import pytest

from analytics.label_values import LONGEST, PLACES, ShownValues, dropped_counts, label_values

pytestmark = pytest.mark.django_db


def test_the_largest_of_what_appears_together_get_the_places() -> None:
    sizes = {f"tool-{n}": n for n in range(PLACES["tool"] + 20)}
    shown = label_values("tool", sizes)
    assert [name for name in shown if shown[name] == "other"] == [f"tool-{n}" for n in range(20)]
    assert dropped_counts() == {"project": 0, "model": 0, "tool": 20}


def test_what_was_decided_stays_whatever_grows_later() -> None:
    first = label_values("tool", {f"tool-{n}": n for n in range(PLACES["tool"] + 1)})
    assert first["tool-0"] == "other"
    again = label_values("tool", {"tool-0": 10**9, "tool-1": 1, "newcomer": 10**9})
    assert again == {"tool-0": "other", "tool-1": "tool-1", "newcomer": "other"}


def test_every_label_has_places_of_its_own() -> None:
    label_values("tool", {f"tool-{n}": 1 for n in range(PLACES["tool"])})
    assert label_values("model", {"acme-1": 1}) == {"acme-1": "acme-1"}


def test_names_of_ours_take_no_place() -> None:
    label_values("model", {f"model-{n}": 1 for n in range(PLACES["model"])})
    assert label_values("model", {"(unattributed)": 1})["(unattributed)"] == "(unattributed)"


def test_long_values_share_the_name_of_their_beginning() -> None:
    long = "x" * LONGEST
    assert label_values("tool", {long + "1": 1, long + "2": 2}) == {long + "1": long, long + "2": long}


def test_any_number_of_values_may_appear_at_once() -> None:
    shown = label_values("tool", {f"tool-{n}": 1 for n in range(40_000)})
    assert len(set(shown.values())) == PLACES["tool"] + 1
    assert dropped_counts()["tool"] == 40_000 - PLACES["tool"]


def test_readers_see_what_writers_decided() -> None:
    label_values("project", {"engine": 1})
    shown = ShownValues("project")
    assert (shown("engine"), shown("unheard-of"), shown("(unattributed)")) == (
        "engine",
        "other",
        "(unattributed)",
    )
