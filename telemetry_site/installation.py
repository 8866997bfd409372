"""How this installation is set up: what the settings page shows. Reads only; secrets are never among it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from alerts.models import AlertRule, Channel
from analytics.plan_settings_views import ProjectPlans, project_plans
from sessions.date_bounds import reporting_zone
from sessions.models import Project
from sessions.parsers.discovery import roots_of
from sessions.planning import plan_reading
from sessions.scope import Projects, in_projects
from sessions.waiting import at_risk, kept_for, unread
from telemetry_site.models import ApiToken
from telemetry_site.pipeline import transcript_folders


@dataclass(frozen=True, slots=True)
class FolderCheck:
    """A folder of transcripts as it is on disk now. `unread`: how many of them changed since they were read."""

    path: str
    exists: bool
    transcripts: int
    unread: int
    unread_bytes: int
    at_risk: int
    kept_for: timedelta


@dataclass(frozen=True, slots=True)
class ProjectSetting:
    """A project, where it is, and the plan folders it has."""

    project: Project
    plans: ProjectPlans | None


@dataclass(frozen=True, slots=True)
class Installation:
    """`database_bytes` is None where the database is no file."""

    mode: str
    zone: str
    price_file: Path | None
    database: str
    database_bytes: int | None
    data_folder: Path
    has_mail: bool
    projects: list[ProjectSetting]
    rules: int
    channels: int
    tokens: int


def installation(now: datetime, projects: Projects = None) -> Installation:
    """As of now and of these projects, in a number of queries that does not depend on how much there is."""
    plans = {each.project.pk: each for each in project_plans(projects)}
    database, size = _database()
    mine = Project.objects.filter(in_projects(projects, "pk"))
    return Installation(
        mode=settings.TELEMETRY_MODE,
        zone=str(reporting_zone()),
        price_file=settings.TELEMETRY_PRICES,
        database=database,
        database_bytes=size,
        data_folder=settings.TELEMETRY_DATA_DIR,
        has_mail=bool(settings.MAILERS),
        projects=[ProjectSetting(each, plans.get(each.pk)) for each in mine],
        rules=AlertRule.objects.present().readable(projects).filter(is_active=True).count(),
        channels=Channel.objects.seen_from(projects).count(),
        tokens=ApiToken.objects.usable(now).count(),
    )


def _database() -> tuple[str, int | None]:
    """What the database is, without its password, and how large its file is."""
    if connection.vendor != "sqlite":
        return f"PostgreSQL, {connection.settings_dict['NAME']}", None
    file = Path(str(connection.settings_dict["NAME"]))
    return f"SQLite, {file}", file.stat().st_size if file.is_file() else None


def folder_checks(now: datetime) -> list[FolderCheck]:
    """Every folder that is looked into, by its names and sizes alone: no file is opened but the agent's settings."""
    checks = []
    for root in roots_of(transcript_folders()):
        plan = plan_reading([root], now)
        checks.append(
            FolderCheck(
                path=root.path,
                exists=root.exists,
                transcripts=plan.seen,
                unread=len(unread(plan)),
                unread_bytes=plan.bytes_to_read,
                at_risk=at_risk(plan, now),
                kept_for=kept_for(Path(root.path)),
            )
        )
    return checks
