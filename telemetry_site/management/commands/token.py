"""`manage.py token create|list|revoke`: secrets by which programs ask the API."""

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from sessions.api_fields import iso
from sessions.models import Project
from telemetry_site.access.tokens import create_token, revoke
from telemetry_site.audit.recording import note_command
from telemetry_site.commands import SentenceCommand, project_named
from telemetry_site.models import ApiToken

NEVER = "never"


class Command(SentenceCommand):
    help = (
        "Make, list and revoke API tokens. `create` prints the token alone, once: "
        'TOKEN="$(manage.py token create backup-script --scope read)"'
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="create|list|revoke")
        create = actions.add_parser("create", help="make a token and print it once")
        create.add_argument("name", help="what will use it")
        create.add_argument(
            *("-s", "--scope"), action="append", choices=ApiToken.Scope.values, help="again for more (read)"
        )
        create.add_argument("-p", "--project", action="append", help="bind it to a project: slug or id")
        create.add_argument(
            "--expires", type=_lifetime, default="90d", help="30d, a date, or never (default: %(default)s)"
        )
        create.add_argument("--user", help="team mode: the account it acts for")
        listed = actions.add_parser("list", help="tokens, the newest first")
        listed.add_argument("--all", action="store_true", help="also revoked and expired ones")
        ended = actions.add_parser("revoke", help="end a token's use, at once and for ever")
        ended.add_argument("token", help="its id, its name, or how it begins")
        for each in (create, listed, ended):
            each.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        actions: dict[str, Callable[..., None]] = {
            "create": self._create,
            "list": self._list,
            "revoke": self._revoke,
        }
        actions[action](**options)

    def _create(self, name: str, expires: timedelta | datetime | None, **options: Any) -> None:
        token, secret = create_token(
            name[:100],
            options["scope"] or ["read"],
            projects=_projects(options["project"]),
            expires_at=timezone.now() + expires if isinstance(expires, timedelta) else expires,
            owner=_user(options["user"]),
        )
        note_command("token", f"made {token}: {', '.join(token.scopes)}")
        if options["json"]:
            self.stdout.write(json.dumps({**_as_json(token), "token": secret}))
            return
        self.stderr.write("This is the only time it is shown. Send it as: Authorization: Bearer <token>")
        self.stdout.write(secret)

    def _list(self, **options: Any) -> None:
        every, now = ApiToken.objects.select_related("owner").prefetch_related("projects"), timezone.now()
        tokens = list(every if options["all"] else every.usable(now))
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(token) for token in tokens]))
            return
        if not tokens:
            self.stderr.write("There are no tokens. `manage.py token create NAME` makes one.")
        for token in tokens:
            told = _as_json(token)
            bound = (
                "every project" if told["projects"] is None else ", ".join(told["projects"]) or "no project"
            )
            used = f"last used {told['lastUsedAt']}" if told["lastUsedAt"] else "never used"
            ends = f"expires {told['expiresAt']}" if told["expiresAt"] else "never expires"
            scopes = " ".join(told["scopes"])
            self.stdout.write(
                f"{token.pk:>4}  {token.beginning}…  {told['state']:<8} {token.name}: "
                f"{scopes}; {bound}; {ends}; {used}"
            )

    def _revoke(self, token: str, **options: Any) -> None:
        named = Q(name=token) | Q(beginning=token[:10]) | Q(pk=int(token) if token.isdecimal() else -1)
        found = list(ApiToken.objects.filter(named, revoked_at=None)[:2])
        if len(found) != 1:
            problem = "More than one token is" if found else "No token that can be revoked is"
            raise CommandError(f"{problem} called {token[:10]!r}; `manage.py token list` shows their ids.")
        revoke(found[0], timezone.now())
        note_command("token", f"revoked {found[0]}")
        found[0].refresh_from_db()
        told = json.dumps(_as_json(found[0])) if options["json"] else f"Revoked {found[0]}."
        self.stdout.write(told)


def _lifetime(text: str) -> timedelta | datetime | None:
    """`30d`, an ISO date (that day included, UTC) or `never`."""
    if text == NEVER:
        return None
    try:
        if text.endswith("d"):
            return timedelta(days=int(text[:-1]))
        return datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(
            f"{text!r} is neither a number of days such as 30d, a date nor never"
        ) from None


def _projects(names: list[str] | None) -> list[Project] | None:
    return [project_named(name) for name in dict.fromkeys(names)] if names else None


def _user(name: str | None) -> User | None:
    if not name:
        return None
    found: User | None = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(f"There is no account {name!r}.")
    return found


def _as_json(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.pk,
        "name": token.name,
        "beginning": token.beginning,
        "scopes": token.scopes,
        "projects": None if token.every_project else [project.slug for project in token.projects.all()],
        "owner": token.owner.get_username() if token.owner else None,
        "state": token.state(timezone.now()),
        "createdAt": iso(token.created_at),
        "expiresAt": iso(token.expires_at),
        "lastUsedAt": iso(token.last_used_at),
    }
