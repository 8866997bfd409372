"""What one sync does, in order, and nothing else: discover, read, refresh, read plans, link, roll up, evaluate.

Each step leaves marks that the next one clears (stale sessions, dirty quarters), so that a run killed anywhere
is finished by the next.
"""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from alerts.evaluation import EvaluationReport, evaluate, is_due
from alerts.marks import mark_plans
from analytics import counters
from analytics.capture import capture, is_captured
from analytics.label_values import admit_planned_projects
from analytics.rollups import is_uncounted
from sessions.durability import commits_unawaited
from sessions.ingest import COLD_BATCH_LINES, LIVE_BATCH_LINES, BatchWriter, Tally
from sessions.leases import Lease, LeaseTaken
from sessions.models import AgentSession, DirtyQuarter, SourceFile, SyncRun
from sessions.parsers.ahead import RARE_COLLECTION
from sessions.parsers.discovery import default_folders, roots_of
from sessions.parsers.pricing import PriceBook
from sessions.planning import ReadingPlan, plan_reading
from sessions.prices_in_use import price_book
from sessions.processes import this_process
from sessions.pruning.dropping import bring_back
from sessions.reading_run import Progress, ReadingResult, read_changed
from sessions.rebuild import rebuild
from sessions.refresh import refresh_stale
from sessions.removal import remove_sources
from sessions.search.filling import empty_index, fill_lines_and_titles, is_to_be_filled
from sessions.secrets.noting import mark_unsearched, unsearched
from tasks.discovery import survey_plans
from tasks.ingest import PlansTally, ingest_plans, rebuild_plans
from tasks.linking import link_all, link_due, mark_plans_due
from tasks.models import LinkDue, ProjectTask
from tasks.plan_index import fill_plans
from tasks.roots import add_manual_root
from telemetry_site.finding_secrets import find_secrets
from telemetry_site.restating import catch_up, finish_restatement, on_refreshed, restating, roll_up

__all__ = [
    "LeaseTaken",
    "Progress",
    "SyncReport",
    "add_plans",
    "fill_search",
    "rebuild_all",
    "remove_source_root",
    "sync",
    "transcript_folders",
]

# Figures on pages follow the reading at this pace during a long run.
SAVED_EVERY_SECONDS = 1.0
FIRST_SHOWN_AFTER_SECONDS = 2.0
SHOWN_AT_LEAST_EVERY_SECONDS = 20.0


@dataclass(slots=True)
class SyncReport:
    """What one run saw and wrote; every figure is of this run alone."""

    files: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    responses: dict[str, int] = field(default_factory=dict)
    tool_calls: dict[str, int] = field(default_factory=dict)
    documents: dict[str, int] = field(default_factory=PlansTally().documents_json)
    tasks: dict[str, int] = field(default_factory=PlansTally().tasks_json)
    links: dict[str, int] = field(default_factory=lambda: {"sessions": 0, "written": 0, "removed": 0})
    alerts: dict[str, int] = field(default_factory=EvaluationReport().as_json)
    bytes: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    looked_in: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False

    def as_json(self) -> dict[str, Any]:
        """The report as `sync --json` prints it."""
        return {
            "files": self.files,
            "lines": self.lines,
            "sessions": self.sessions,
            "responses": self.responses,
            "tool_calls": self.tool_calls,
            "documents": self.documents,
            "tasks": self.tasks,
            "links": self.links,
            "alerts": self.alerts,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 3),
            "problems": self.problems,
        }


def transcript_folders() -> list[str]:
    """Where Claude Code keeps its transcripts on this machine, by environment and custom."""
    return default_folders(os.environ, Path.home())


def sync(
    roots: Iterable[str | Path] | None = None,
    *,
    now: datetime | None = None,
    report: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    live: bool = False,
) -> SyncReport:
    """Read what is new under the roots (default: where Claude Code keeps transcripts); derive all that follows.

    A run that finds nothing new opens no file and writes nothing. `stop` is asked between files; what was read
    by then is complete. Raises LeaseTaken when another run is writing.
    """
    started, now = monotonic(), now or timezone.now()
    folders = transcript_folders() if roots is None else [str(root) for root in roots]
    before = _latest_run()
    plan = plan_reading(roots_of(folders), now)
    result = _planned(plan)
    # Reading transcripts may find projects with plans of their own: then it is looked for those afterwards.
    plans = survey_plans(now) if plan.is_empty else None
    if plans is not None:
        result.documents["seen"], result.tasks["seen"] = plans.seen, ProjectTask.objects.present().count()
    if plans is None or not plans.is_empty or _is_unfinished():
        with Lease("sync", this_process(), now), _rare_collection():
            if _has_run_since(before):
                plan = plan_reading(roots_of(folders), now)
                result = _planned(plan)
            _run(plan, result, now, report, stop, live=live, started=started)
    result.seconds = monotonic() - started
    return result


def _planned(plan: ReadingPlan) -> SyncReport:
    """The report of a run that has looked at files and read none."""
    result = SyncReport(looked_in=[{"path": r.path, "exists": r.exists} for r in plan.roots])
    result.files = {
        "seen": plan.seen,
        "unchanged": plan.unchanged,
        "read": 0,
        "missing": plan.missing,
        "failed": 0,
    }
    result.problems += [f"{item.path} was left out: {item.reason}." for item in plan.unreadable]
    result.files["failed"] += len(plan.unreadable)
    _fill(result, Tally())
    return result


def _latest_run() -> tuple[int, str] | None:
    latest: tuple[int, str] | None = SyncRun.objects.values_list("id", "state").first()
    return latest


def _has_run_since(before: tuple[int, str] | None) -> bool:
    """Whether another run may have read since the plan was made, which does not know how far it came then."""
    return before != _latest_run() or (before is not None and before[1] == SyncRun.State.RUNNING)


def _is_unfinished() -> bool:
    """Whether a run that died left marks."""
    return (
        AgentSession.objects.stale().exists()
        or DirtyQuarter.objects.exists()
        or SourceFile.objects.filter(needs_rebuild=True).exists()
        or LinkDue.objects.exists()
        or counters.is_restating()
        or counters.is_unsettled()
        or is_uncounted()
        or is_to_be_filled()
        or unsearched().exists()
        or is_due()
    )


def fill_search(stop: Callable[[], bool] = lambda: False) -> None:
    """Make findable what was read before there was an index."""
    if not is_to_be_filled():
        return
    for _ in fill_lines_and_titles(stop):
        Lease.renew("sync", this_process(), timezone.now())
    if not stop():
        fill_plans()


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Let the cycle collector look less often, as in the process that reads ahead.

    Looking as often as usual took an eighth of a cold sync; its memory is the same without.
    """
    before = gc.get_threshold()
    gc.set_threshold(*RARE_COLLECTION)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _run(
    plan: ReadingPlan,
    result: SyncReport,
    now: datetime,
    report: Callable[[Progress], None],
    stop: Callable[[], bool],
    *,
    live: bool,
    started: float,
) -> None:
    prices = price_book()
    writer = BatchWriter(prices, batch_lines=LIVE_BATCH_LINES if live else COLD_BATCH_LINES)
    run = _Run(plan, result.looked_in, report, now)
    demo_root = os.path.realpath(Path(settings.TELEMETRY_DATA_DIR) / "demo")
    is_demo = all(root.path.startswith(demo_root + os.sep) for root in plan.roots)
    try:
        finish_restatement()
        with commits_unawaited():
            reading = read_changed(plan, writer, now, is_demo=is_demo, report=run.advance, stop=stop)
            _derive_again(prices)
            refresh_stale(on_refreshed=on_refreshed)
            has_new_plans = read_plans(result, now, stop)
            result.links = _link()
            roll_up()
            find_secrets(stop)
            fill_search(stop)
        if has_new_plans or not is_captured(now):
            capture(now)
        _count(has_new_plans=has_new_plans)
        _evaluate(result, now, is_first_import=run.is_first)
    except BaseException as error:
        run.finish(SyncRun.State.FAILED, {"error": str(error)[:500]})
        counters.count_run(bytes_read=writer.tally.bytes_read, failed_files=0, failed=True)
        raise
    _note(reading, result)
    _fill(result, writer.tally)
    result.seconds = monotonic() - started
    run.finish(SyncRun.State.STOPPED if reading.stopped else SyncRun.State.DONE, result.as_json())
    counters.count_run(bytes_read=result.bytes, failed_files=result.files["failed"], failed=False)


def _evaluate(result: SyncReport, now: datetime, *, is_first_import: bool) -> None:
    told = evaluate(now, is_first_import=is_first_import)
    result.alerts, result.problems = told.as_json(), result.problems + told.problems


def _count(*, has_new_plans: bool) -> None:
    """Bring the counters for Prometheus to where the figures are now."""
    if has_new_plans:
        admit_planned_projects()
    counters.observe_lines()
    counters.settle()


def read_plans(result: SyncReport, now: datetime, stop: Callable[[], bool]) -> bool:
    """Read what is new in the plans of all projects into the report; returns whether anything was."""
    tally = ingest_plans(survey_plans(now), now, stop)
    result.documents, result.tasks = tally.documents_json(), tally.tasks_json()
    result.problems += tally.problems
    mark_plans_due(tally.projects)
    mark_plans(tally.projects)
    return bool(tally.projects)


def _link() -> dict[str, int]:
    """Find the links of sessions that changed, or whose plans did; spans that moved make their quarters dirty."""
    report = link_due()
    return {"sessions": report.sessions, "written": report.written, "removed": report.removed}


def add_plans(folders: Iterable[str], project: str = "") -> None:
    """Keep folders as roots of plans from now on. Raises ValueError for one that does not exist."""
    for folder in folders:
        add_manual_root(folder, project)


def _derive_again(prices: PriceBook) -> None:
    """Where a half-written line that was counted grew into another: derive the facts it touched again."""
    sources = list(SourceFile.objects.filter(needs_rebuild=True).values_list("id", flat=True))
    if sources:
        for _ in rebuild(prices, sources, bring_back=bring_back):
            pass


def _note(reading: ReadingResult, result: SyncReport) -> None:
    result.files["read"] = reading.read
    result.files["failed"] += reading.failed
    result.problems += reading.problems
    result.stopped = reading.stopped


def _fill(result: SyncReport, tally: Tally) -> None:
    names = ("stored", "duplicate", "quarantined", "blank")
    lines = {name: tally.lines[name] for name in names}
    result.lines = {"seen": sum(lines.values()), **lines, "pending": tally.lines["pending"]}
    result.sessions = {"created": tally.sessions["created"], "updated": tally.sessions["updated"]}
    result.responses = {"created": tally.responses["created"], "updated": tally.responses["updated"]}
    result.tool_calls = {"created": tally.tool_calls["created"], "updated": tally.tool_calls["updated"]}
    result.bytes = tally.bytes_read


def rebuild_all(*, report: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    """Derive all facts again from the archive alone; returns how many files that was.

    `report` is told how many files are done, of how many. Raises LeaseTaken when another run is writing.
    """
    done, total, prices = 0, SourceFile.objects.count(), price_book()
    with Lease("sync", this_process(), timezone.now()), restating():
        empty_index()
        for count in rebuild(prices):
            done += count
            report(done, total)
            Lease.renew("sync", this_process(), timezone.now())
        refresh_stale(on_refreshed=on_refreshed)
        rebuild_plans(timezone.now())
        link_all()
        roll_up()
        mark_unsearched()
        find_secrets()
        fill_search()
    return done


class _Run:
    """A run's row: pages show its progress while it lasts. Figures are brought up to date on the way."""

    def __init__(
        self,
        plan: ReadingPlan,
        looked_in: Sequence[dict[str, Any]],
        report: Callable[[Progress], None],
        now: datetime,
    ) -> None:
        self._report = report
        self._saved = self._shown = monotonic()
        self._pause = FIRST_SHOWN_AFTER_SECONDS
        self._row = SyncRun.objects.create(
            started_at=now,
            heartbeat_at=now,
            is_first=not SyncRun.objects.filter(state=SyncRun.State.DONE).exists(),
            files_total=len(plan.changed),
            bytes_total=plan.bytes_to_read,
            looked_in=list(looked_in),
        )

    @property
    def is_first(self) -> bool:
        """Whether no run has read everything yet."""
        return self._row.is_first

    def advance(self, progress: Progress) -> None:
        self._report(progress)
        if monotonic() - self._saved >= SAVED_EVERY_SECONDS:
            self._save(progress)
        if monotonic() - self._shown >= self._pause:
            # Soon at first, since someone waits for the first figure; then rarer, since it costs reading time.
            self._pause = min(2 * self._pause, SHOWN_AT_LEAST_EVERY_SECONDS)
            refresh_stale(on_refreshed=on_refreshed)
            roll_up()
            self._shown = monotonic()

    def _save(self, progress: Progress) -> None:
        row = self._row
        row.files_done, row.bytes_done, row.lines_done = progress[0], progress[2], progress[4]
        row.heartbeat_at = timezone.now()
        row.save()
        Lease.renew("sync", this_process(), row.heartbeat_at)
        self._saved = monotonic()

    def finish(self, state: SyncRun.State, report: dict[str, Any]) -> None:
        row = self._row
        row.state, row.report, row.finished_at = state, report, timezone.now()
        if state == SyncRun.State.DONE:
            row.files_done, row.bytes_done = row.files_total, row.bytes_total
        row.save()


def remove_source_root(folder: Path) -> int:
    """Take everything that was read from under a folder out of the database; returns how many files it was.

    For demo data only: whatever was read from elsewhere is kept for ever.
    """
    prefix = os.path.realpath(folder) + os.sep
    sources = SourceFile.objects.filter(path__startswith=prefix, is_demo=True)
    with restating():
        with transaction.atomic():
            count = remove_sources(sources)
        catch_up()
    return count
