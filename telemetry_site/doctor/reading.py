"""How the reading stands: runs, what they left to do, files that could not be read, clocks."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sessions.models import (
    AgentSession,
    DirtyQuarter,
    ModelResponse,
    QuarantinedLine,
    SourceFile,
    SyncLease,
    SyncRun,
)
from sessions.parsers.discovery import roots_of
from sessions.planning import plan_reading
from sessions.processes import has_ended, shown
from sessions.secrets.noting import unsearched
from sessions.selectors.quality import equation
from sessions.waiting import at_risk
from tasks.models import LinkDue
from telemetry_site.doctor.findings import Finding, error, note, number, warning
from telemetry_site.pipeline import transcript_folders

READ_SELDOM_AFTER = timedelta(days=7)
# Clocks of machines differ by minutes; a day is a wrong date.
CLOCK_TOLERANCE = timedelta(days=1)
QUARANTINE_SHARE = 0.01
SYNC = "`manage.py sync` does that."


def lease(now: datetime) -> Iterator[Finding]:
    for row in SyncLease.objects.all():
        if row.expires_at <= now or has_ended(row.owner):
            told = f"{shown(row.owner)} held the lease {row.name!r} and ended without giving it back."
            yield note("lease", told, "The next run takes it; nothing has to be done.")


def runs(now: datetime) -> Iterator[Finding]:
    latest = SyncRun.objects.first()
    if latest is None:
        yield note("reading", "Nothing was read yet.", "`manage.py sync` or `bin/up` reads.")
        return
    if latest.state == SyncRun.State.FAILED:
        reason = str(latest.report.get("error") or "no reason was kept").rstrip(".")
        yield error(
            "reading", f"The last run failed: {reason}.", "`manage.py sync` tries again, and says why not."
        )
    if latest.state == SyncRun.State.RUNNING and not latest.is_alive(now):
        told = f"The last run, of {latest.started_at:%Y-%m-%d %H:%M} UTC, ended without a word."
        yield warning("reading", told, "What it read is whole; `manage.py sync` goes on.")
    done = SyncRun.objects.filter(state=SyncRun.State.DONE).first()
    if done and done.finished_at and now - done.finished_at > READ_SELDOM_AFTER:
        yield warning("reading", f"Nothing was read for {(now - done.finished_at).days} days.", SYNC)


def left_to_do(now: datetime) -> Iterator[Finding]:
    """Marks that a run clears at its end; while one is at work they are as they should be."""
    latest = SyncRun.objects.first()
    if latest and latest.is_alive(now):
        return
    waiting_for = {
        "session": (AgentSession.objects.stale(), "its columns"),
        "quarter hour": (DirtyQuarter.objects.all(), "its rollups"),
        "file": (SourceFile.objects.filter(needs_rebuild=True), "its facts"),
        "session or plan": (LinkDue.objects.all(), "its links"),
        "plan or file beside a transcript": (unsearched(), "its secrets"),
    }
    for noun, (rows, what) in waiting_for.items():
        if count := rows.count():
            yield warning("left to do", f"{number(count, noun)} waiting for {what} to be derived.", SYNC)


def sources(now: datetime) -> Iterator[Finding]:
    """Files on this machine and what is known of them. Looks at folders; opens no transcript."""
    roots = roots_of(transcript_folders())
    if not any(root.exists for root in roots):
        places = ", ".join(root.asked for root in roots)
        yield warning(
            "transcripts", f"No folder of transcripts exists ({places}).", "CLAUDE_CONFIG_DIR names it."
        )
    plan = plan_reading([root for root in roots if root.exists], now)
    for item in plan.unreadable:
        yield warning("transcripts", f"{item.path} was left out: {item.reason}.")
    if soon := at_risk(plan, now):
        told = f"{number(soon, 'transcript')} not read yet will be deleted by the agent within three days."
        keep = "`manage.py sync` keeps them; cleanupPeriodDays in its settings.json too."
        yield warning("transcripts", told, keep)
    standing = SourceFile.objects.standing()
    if standing["failed"]:
        first = SourceFile.objects.exclude(error="").order_by("path").first()
        told = f"{number(standing['failed'], 'file')} could not be read"
        told += f"; {first.path}: {first.error}." if first else "."
        yield warning("transcripts", told, "Make them readable for this user; each sync tries again.")
    if standing["missing"]:
        told = f"{number(standing['missing'], 'file')} that were read are gone from the disk; all of them is kept here."
        yield note("transcripts", told)


def lines() -> Iterator[Finding]:
    counts = equation()
    if not counts.holds:
        yield error(
            "lines", "Lines that were seen are not accounted for.", "`manage.py verify` says in which files."
        )
    if bad := QuarantinedLine.objects.count():
        told = f"{number(bad, 'line')} of {counts.seen:,} could not be understood; they are kept."
        make = warning if bad > QUARANTINE_SHARE * counts.seen else note
        yield make("lines", told, "The page Data quality lists them with their reasons.")


def clocks(now: datetime) -> Iterator[Finding]:
    ahead = SyncRun.objects.filter(started_at__gt=now + timedelta(minutes=5)).order_by("-started_at").first()
    if ahead:
        told = f"A run began at {ahead.started_at:%Y-%m-%d %H:%M} UTC, which is yet to come: the clock went back."
        yield warning("clock", told, "Set the clock; figures go by the times in the transcripts.")
    future = AgentSession.objects.filter(ended_at__gt=now + CLOCK_TOLERANCE).count()
    if future:
        told = f"{number(future, 'session')} with times that are yet to come."
        yield warning(
            "clock", told, "The clock was wrong here or where they were written; they count on those days."
        )
    if undated := ModelResponse.objects.counted().filter(at_ms=0).count():
        told = f"{number(undated, 'response')} tell no time that can be."
        yield note("clock", told, "They count in the figures of all time and on no day.")
