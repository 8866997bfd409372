"""Measure how often the main link of a session is the right one, against labels made by hand.

    python -m benchmarks.links --corpus DIR [--labels FILE]

DIR holds `claude/projects` with the transcripts and `plans/<name>` with the plans that the labels name; it is only
read. Precision: of the sessions given a main link, how many have the right one. Recall: of the sessions that served
something planned, how many have the right one. Exit code 1 where the goals are missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

LABELS = Path(__file__).with_name("link_labels.toml")
PRECISION_GOAL = 0.95
RECALL_GOAL = 0.8


@dataclass(frozen=True, slots=True)
class Label:
    """What a session served by hand; `phase` and `feature` are "" where it served nothing that was planned."""

    session: str
    plans: str
    phase: str = ""
    feature: str = ""

    @property
    def is_planned(self) -> bool:
        return bool(self.phase or self.feature)


@dataclass(frozen=True, slots=True)
class Found:
    """The main link the program gave a session; "" and 0 where it gave none."""

    feature: str = ""
    phase: str = ""
    task: str = ""
    confidence: float = 0.0
    strategy: str = ""

    def __str__(self) -> str:
        parts = [self.feature, f"phase {self.phase}" if self.phase else "", self.task]
        return (
            f"{', '.join(filter(None, parts))} ({self.confidence:.2f}, {self.strategy})"
            if self.feature
            else "none"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """A label beside what was found."""

    label: Label
    found: Found

    @property
    def is_right(self) -> bool:
        """The label's plan exactly; a task of it counts as it."""
        wanted, found = self.label, self.found
        if not wanted.is_planned:
            return not found.feature
        if wanted.feature and wanted.feature != found.feature:
            return False
        return bool(found.feature) and (not wanted.phase or wanted.phase == found.phase)


def read_labels(file: Path) -> list[Label]:
    """The labels of a file. KeyError or TypeError for one without its id or with an unknown key."""
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["session"]
    return [Label(session=row.pop("id"), **row) for row in rows]


def precision(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """(right main links, main links)."""
    linked = [outcome for outcome in outcomes if outcome.found.feature]
    return sum(outcome.is_right for outcome in linked), len(linked)


def recall(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """(rightly linked sessions, sessions that served something planned)."""
    planned = [outcome for outcome in outcomes if outcome.label.is_planned]
    return sum(outcome.is_right for outcome in planned), len(planned)


def at_least(right: int, of: int) -> float:
    """The lower end of the 95 % interval (Wilson) of a proportion: what so few samples can promise."""
    if not of:
        return 0.0
    z, part = 1.96, right / of
    middle = part + z * z / (2 * of)
    spread = z * sqrt(part * (1 - part) / of + z * z / (4 * of * of))
    return (middle - spread) / (1 + z * z / of)


def report(outcomes: Sequence[Outcome]) -> list[str]:
    """The two figures and every session that was linked otherwise than by hand."""
    lines = []
    for name, (right, of), goal in (
        ("precision", precision(outcomes), PRECISION_GOAL),
        ("recall", recall(outcomes), RECALL_GOAL),
    ):
        value = f"{right / of:.3f}" if of else "–"
        lines.append(
            f"{name:<10} {value}  ({right} of {of}; 95 % sure of {at_least(right, of):.2f}; goal {goal})"
        )
    rightly_none = sum(o.is_right for o in outcomes if not o.label.is_planned)
    lines.append(
        f"unplanned  {rightly_none} of {sum(not o.label.is_planned for o in outcomes)} rightly without a link"
    )
    for outcome in outcomes:
        mark = "right" if outcome.is_right else "WRONG"
        wanted = outcome.label.feature or (f"phase {outcome.label.phase}" if outcome.label.phase else "none")
        lines.append(f"{mark}  {outcome.label.session}  by hand: {wanted}  found: {outcome.found}")
    return lines


def meets_goals(outcomes: Sequence[Outcome]) -> bool:
    """Whether both figures reach their goals; without any main link, precision has none to miss."""
    right, linked = precision(outcomes)
    found, planned = recall(outcomes)
    return right >= PRECISION_GOAL * linked and found >= RECALL_GOAL * planned


def measure(corpus: Path, labels: Sequence[Label]) -> list[Outcome]:
    """Read the labelled sessions and their plans into the current, empty database, link, and compare.

    Raises FileNotFoundError for a labelled session or plan folder that is not in the corpus.
    """
    from django.utils import timezone

    from tasks.linking import link_all
    from telemetry_site.pipeline import sync

    with tempfile.TemporaryDirectory(prefix="agent-ledger-benchmark-") as folder:
        _copy_sessions(corpus, labels, Path(folder))
        sync([Path(folder)], now=timezone.now())
    _read_plans(corpus, labels)
    link_all()
    return [Outcome(label, _main_link(label.session)) for label in labels]


def _copy_sessions(corpus: Path, labels: Iterable[Label], to: Path) -> None:
    """The labelled sessions with what belongs to them, in folders of the same names."""
    for label in labels:
        found = list((corpus / "claude" / "projects").glob(f"*/{label.session}*"))
        if not found:
            raise FileNotFoundError(f"Session {label.session} is not in {corpus}.")
        for path in found:
            target = to / "projects" / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, target)


def _read_plans(corpus: Path, labels: Iterable[Label]) -> None:
    """Give each labelled session's project the folder of its plans, and read them."""
    from django.utils import timezone

    from sessions.models import AgentSession
    from tasks.discovery import survey_plans
    from tasks.ingest import ingest_plans
    from tasks.models import PlanRoot

    for label in labels:
        folder = corpus / "plans" / label.plans
        if not folder.is_dir():
            raise FileNotFoundError(f"There are no plans in {folder}.")
        project = AgentSession.objects.get(public_id=label.session).project
        PlanRoot.objects.get_or_create(
            project=project, path=os.path.realpath(folder), defaults={"origin": PlanRoot.Origin.MANUAL}
        )
    now = timezone.now()
    ingest_plans(survey_plans(now), now)


def _main_link(session: str) -> Found:
    from tasks.models import Link

    link = Link.objects.filter(session__public_id=session, is_primary=True).first()
    if link is None or link.feature is None:
        return Found()
    phase, task = link.phase, link.task
    return Found(
        link.feature.slug,
        phase.token if phase else "",
        f"task {task.raw_id}" if task else "",
        link.confidence,
        link.strategy,
    )


def _explanations(outcomes: Iterable[Outcome]) -> Iterable[str]:
    from sessions.models import AgentSession
    from tasks.link_explanation import explanation

    for outcome in outcomes:
        if not outcome.is_right:
            yield ""
            yield from explanation(AgentSession.objects.get(public_id=outcome.label.session))


def _prepare(folder: str) -> None:
    """An empty database in a folder of its own."""
    os.environ["DATABASE_URL"] = f"sqlite:///{folder}/ledger.sqlite3"
    os.environ["TELEMETRY_DATA_DIR"] = folder
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.links", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR")
    parser.add_argument("--labels", type=Path, default=LABELS, metavar="FILE")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="agent-ledger-benchmark-") as folder:
        _prepare(folder)
        try:
            outcomes = measure(asked.corpus, read_labels(asked.labels))
        except FileNotFoundError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        sys.stdout.write("\n".join([*report(outcomes), *_explanations(outcomes)]) + "\n")
    return 0 if meets_goals(outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
