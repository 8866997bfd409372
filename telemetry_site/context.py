"""What the frame of every page says: the state of the data, and what program this is."""

import tomllib
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from analytics.freshness import Freshness, freshness
from sessions.models import Project
from sessions.parsers.discovery import roots_of
from sessions.prepared import prepared
from sessions.scope import Projects, in_projects, readable_projects
from telemetry_site.access.asking import Asker, asker_of
from telemetry_site.access.people import person
from telemetry_site.access.roles import Need
from telemetry_site.pipeline import transcript_folders


class SiteState:
    """Asked for by templates as `site_state`; what a page does not name costs no query."""

    mode: str = settings.TELEMETRY_MODE

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def asker(self) -> Asker:
        return asker_of(self._request)

    @cached_property
    def readable(self) -> Projects:
        return readable_projects(self._request)

    @property
    def is_team(self) -> bool:
        return settings.IS_TEAM

    @property
    def person(self) -> User | None:
        return person(self._request)

    @cached_property
    def has_demo(self) -> bool:
        """Whether invented sessions are among the data."""
        return bool(_a_demo(projects=self.readable))

    @property
    def may_change(self) -> bool:
        """Whether the reader is a member somewhere: what only reads shows no buttons that would refuse."""
        return self.asker.may(Need.MEMBER)

    @property
    def may_administer(self) -> bool:
        return self.asker.may(Need.ADMIN)

    @property
    def is_site_administrator(self) -> bool:
        return self.asker.is_site_administrator

    @property
    def demo(self) -> bool:
        return self.has_demo

    @cached_property
    def _fresh(self) -> Freshness:
        return freshness(timezone.now(), self.readable)

    @property
    def sync_running(self) -> bool:
        return self._fresh.is_reading

    @property
    def synced_at(self) -> datetime | None:
        return self._fresh.read_at

    @property
    def data_until(self) -> datetime | None:
        return self._fresh.data_until

    @property
    def version(self) -> str:
        return program_version()

    @property
    def folders(self) -> list[dict[str, Any]]:
        """Where transcripts are looked for on this machine, and whether each place exists; for administrators."""
        if not self.is_site_administrator:
            return []
        return [{"path": root.path, "exists": root.exists} for root in roots_of(transcript_folders())]


@prepared
def _a_demo(*, projects: Any) -> Any:
    return Project.objects.filter(in_projects(projects, "pk"), is_demo=True).order_by().values_list("pk")[:1]


def site_state(request: HttpRequest) -> dict[str, SiteState]:
    return {"site_state": SiteState(request)}


@cache
def program_version() -> str:
    """As pyproject.toml has it: the program runs from its folder and is installed nowhere."""
    text = (Path(settings.BASE_DIR) / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])
