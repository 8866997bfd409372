"""What counts as a right link, and what the figures say of few sessions."""

from pathlib import Path

import pytest

from benchmarks.links import (
    LABELS,
    Found,
    Label,
    Outcome,
    at_least,
    meets_goals,
    precision,
    read_labels,
    recall,
    report,
)

PHASE = Label("s1", "shop", phase="2")
FEATURE = Label("s2", "shop", feature="login")
UNPLANNED = Label("s3", "shop")


@pytest.mark.parametrize(
    ("label", "found", "is_right"),
    [
        (PHASE, Found("login", "2"), True),
        (PHASE, Found("login", "2", "task T-1"), True),
        (PHASE, Found("login", "3"), False),
        (PHASE, Found("login"), False),
        (PHASE, Found(), False),
        (FEATURE, Found("login", "1"), True),
        (FEATURE, Found("search"), False),
        (UNPLANNED, Found(), True),
        (UNPLANNED, Found("login"), False),
    ],
)
def test_when_a_link_is_right(label: Label, found: Found, is_right: bool) -> None:
    assert Outcome(label, found).is_right is is_right


def test_precision_and_recall_are_over_different_sessions() -> None:
    outcomes = [
        Outcome(PHASE, Found("login", "2")),
        Outcome(FEATURE, Found()),
        Outcome(UNPLANNED, Found("login")),
    ]
    assert precision(outcomes) == (1, 2)
    assert recall(outcomes) == (1, 2)
    assert not meets_goals(outcomes)
    assert meets_goals(outcomes[:1])


def test_few_sessions_promise_little() -> None:
    assert at_least(5, 5) == pytest.approx(0.566, abs=0.001)
    assert at_least(95, 100) == pytest.approx(0.888, abs=0.001)
    assert at_least(0, 0) == 0


def test_the_report_names_every_session() -> None:
    lines = report(
        [Outcome(PHASE, Found("login", "2", "", 0.9, "command_path")), Outcome(UNPLANNED, Found())]
    )
    assert lines[0].startswith("precision  1.000  (1 of 1;")
    assert lines[2] == "unplanned  1 of 1 rightly without a link"
    assert "right  s1  by hand: phase 2  found: login, phase 2 (0.90, command_path)" in lines
    assert lines[-1] == "right  s3  by hand: none  found: none"


def test_labels_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "labels.toml"
    file.write_text('[[session]]\nid = "s1"\nplans = "shop"\nphase = "2"\n')
    assert read_labels(file) == [PHASE]
    file.write_text('[[session]]\nid = "s1"\nplans = "shop"\nphaze = "2"\n')
    with pytest.raises(TypeError):
        read_labels(file)


def test_the_labels_are_ids_and_names_alone() -> None:
    labels = read_labels(LABELS)
    assert len({label.session for label in labels}) == len(labels) > 0
    assert all(
        " " not in part
        for label in labels
        for part in (label.session, label.plans, label.phase, label.feature)
    )
