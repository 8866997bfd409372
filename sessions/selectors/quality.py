"""How much of what was read is understood, priced and whole; and how the reading itself stands."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sessions.models import ModelResponse, QuarantinedLine, SessionEvent, SourceFile, SyncRun
from sessions.pace import pace_of
from sessions.parsers.formats.claude_events import KNOWN_TYPES
from sessions.parsers.model_names import display_model
from sessions.scope import Projects, in_projects
from sessions.selectors.sources import sources_of

# A run says every few seconds that it lives; a killed one never says that it ended.
QUARANTINED_ON_A_PAGE = 50
FILES_SHOWN = 100
RUNS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Equation:
    """Every line that was seen, and what became of it."""

    seen: int
    stored: int
    duplicate: int
    quarantined: int
    blank: int

    @property
    def holds(self) -> bool:
        return self.seen == self.stored + self.duplicate + self.quarantined + self.blank


@dataclass(frozen=True, slots=True)
class ModelWithoutPrice:
    """A model that no price is known for, and what of the figures it leaves without one."""

    name: str
    responses: int
    tokens: int  # all four classes
    model: str = ""  # as transcripts and price files write it


@dataclass(frozen=True, slots=True)
class Wholeness:
    """How far the counted responses and their output can be smaller than they were."""

    responses: int
    output_tokens: int
    lower_bound_responses: int  # no line says that they ended
    lower_bound_output_tokens: int
    partial_responses: int  # only a progress record tells of them
    partial_output_tokens: int

    @property
    def lower_bound_share(self) -> float | None:
        """Percent of the responses; None without any."""
        return 100 * self.lower_bound_responses / self.responses if self.responses else None

    @property
    def lower_bound_output_share(self) -> float | None:
        """Percent of the output tokens; None without any."""
        return 100 * self.lower_bound_output_tokens / self.output_tokens if self.output_tokens else None


@dataclass(frozen=True, slots=True)
class Quality:
    """What the data-quality page shows. Counts of kinds are (name, count), the most frequent first."""

    equation: Equation
    quarantined: list[QuarantinedLine]  # one page of them
    quarantined_by_reason: list[tuple[str, int]]
    offset: int
    limit: int
    unknown_types: list[tuple[str, int]]
    problems: list[tuple[str, int]]
    unpriced: list[ModelWithoutPrice]
    wholeness: Wholeness
    files: dict[str, int]  # total, missing, pending, failed
    troubled_files: list[SourceFile]
    runs: list[SyncRun]


def quality(*, offset: int = 0, limit: int = QUARANTINED_ON_A_PAGE, projects: Projects = None) -> Quality:
    """Over everything of these projects that was ever read; `offset` and `limit` page the quarantined lines.

    What runs report names files of any project: it is for those who may read them all.
    """
    sources: Any = sources_of(projects)
    quarantined = QuarantinedLine.objects.all()
    if projects is not None:
        quarantined = quarantined.filter(source__in=sources.order_by().values("pk"))
    lines = quarantined.select_related("source").order_by("source__relative_path", "line_no", "id")
    unknown, problems = _counted_kinds(projects)
    return Quality(
        equation=equation(projects),
        quarantined=list(lines[offset : offset + limit]),
        quarantined_by_reason=quarantined.by_reason(),
        offset=offset,
        limit=limit,
        unknown_types=unknown.most_common(),
        problems=problems.most_common(),
        unpriced=_unpriced(projects),
        wholeness=Wholeness(**_counted(projects).wholeness()),
        files=sources.standing(),
        troubled_files=list(sources.troubled().order_by("relative_path")[:FILES_SHOWN]),
        runs=last_runs(projects),
    )


def last_runs(projects: Projects = None) -> list[SyncRun]:
    """The last readings, for those who may read everything; none for others."""
    return list(SyncRun.objects.all()[:RUNS_SHOWN]) if projects is None else []


def _counted(projects: Projects) -> Any:
    return ModelResponse.objects.counted().filter(in_projects(projects, "owner__project"))


def equation(projects: Projects = None) -> Equation:
    """Over all transcripts of these projects."""
    sums = sources_of(projects).transcripts().line_totals()
    return Equation(**{name.removeprefix("lines_"): total for name, total in sums.items()})


def _counted_kinds(projects: Projects) -> tuple[Counter[str], Counter[str]]:
    """(record types that are not known, kinds of problems), each with its count over all files."""
    unknown = Counter[str]()
    events: Any = SessionEvent.objects.filter(in_projects(projects, "session__project"))
    problems = Counter(events.problem_kinds())
    for records in sources_of(projects).transcripts().values_list("record_counts", flat=True).iterator():
        unknown.update({name: n for name, n in records.items() if name.split("/")[0] not in KNOWN_TYPES})
    return unknown, problems


def _unpriced(projects: Projects) -> list[ModelWithoutPrice]:
    rows = _counted(projects).unpriced_by_model()
    return [
        ModelWithoutPrice(
            display_model(row["model"], row["fast"]), row["responses"], row["tokens"], row["model"]
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; the rate and the time left are None until there is something to tell them by."""

    files_done: int
    files_total: int
    lines_done: int
    bytes_done: int
    bytes_total: int
    bytes_per_second: float | None
    seconds_left: float | None

    @property
    def percent(self) -> float | None:
        """Share of the bytes read; None when there are none to read."""
        return 100 * self.bytes_done / self.bytes_total if self.bytes_total else None

    @property
    def megabytes_per_second(self) -> float | None:
        return None if self.bytes_per_second is None else self.bytes_per_second / 1_000_000


@dataclass(frozen=True, slots=True)
class IngestStatus:
    """How the reading stands. `state`: never, running, done, failed or stopped."""

    state: str
    run: SyncRun | None  # the latest
    progress: Progress | None  # while it runs
    last_done_at: datetime | None
    equation: Equation

    @property
    def is_running(self) -> bool:
        return self.state == SyncRun.State.RUNNING


def ingest_status(now: datetime, projects: Projects = None) -> IngestStatus:
    """As of `now`; a run that no longer gives a sign of life was stopped. The equation is of these projects."""
    run = SyncRun.objects.first()
    done = SyncRun.objects.filter(state=SyncRun.State.DONE, finished_at__isnull=False).first()
    state = _state_of(run, now)
    return IngestStatus(
        state=state,
        run=run,
        progress=_progress_of(run) if run and state == SyncRun.State.RUNNING else None,
        last_done_at=done.finished_at if done else None,
        equation=equation(projects),
    )


def progress(now: datetime) -> tuple[SyncRun, Progress] | None:
    """The run that is reading now and how far it is; one query, for a page that asks every two seconds."""
    run = SyncRun.objects.first()
    return (run, _progress_of(run)) if run and _state_of(run, now) == SyncRun.State.RUNNING else None


def _state_of(run: SyncRun | None, now: datetime) -> str:
    if run is None:
        return "never"
    is_dead = run.state == SyncRun.State.RUNNING and not run.is_alive(now)
    return str(SyncRun.State.STOPPED) if is_dead else str(run.state)


def _progress_of(run: SyncRun) -> Progress:
    seconds = (run.heartbeat_at - run.started_at).total_seconds()
    pace = pace_of(run.bytes_done, run.bytes_total, seconds)
    return Progress(
        files_done=run.files_done,
        files_total=run.files_total,
        lines_done=run.lines_done,
        bytes_done=run.bytes_done,
        bytes_total=run.bytes_total,
        bytes_per_second=pace.bytes_per_second,
        seconds_left=pace.seconds_left,
    )
