"""`manage.py link`: find again which session served which plan, or say why one is linked as it is."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q

from sessions.models import AgentSession
from tasks.link_explanation import explanation
from tasks.linking import link_all
from telemetry_site.commands import SentenceCommand


class Command(SentenceCommand):
    help = (
        "Find again which plan each session served. Links made by hand stay as they are. "
        "With --explain, nothing is written: one session's candidates, rules and weights are printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--explain", metavar="SESSION", help="a session's id, or how it begins")

    def handle(self, *_args: Any, explain: str | None, **_options: Any) -> None:
        if explain:
            self.stdout.write("\n".join(explanation(self._session(explain))))
            return
        report = link_all()
        self.stdout.write(
            f"{report.sessions:,} sessions looked at; {report.written:,} links written, {report.removed:,} removed."
        )

    def _session(self, name: str) -> AgentSession:
        whole = AgentSession.objects.filter(public_id=name)
        found: list[AgentSession] = list(
            whole or AgentSession.objects.filter(Q(public_id__startswith=name), agent_id="")[:2]
        )
        if len(found) != 1:
            raise CommandError(
                f"{'More than one session begins' if found else 'No session begins'} with {name!r}."
            )
        return found[0]
