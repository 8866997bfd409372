"""`manage.py member list|set|remove|create`: who may read and change which project, in team mode."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from sessions.models import Project
from telemetry_site.access.members import Person, give_role, make_account, people, take_role
from telemetry_site.audit.recording import note_command
from telemetry_site.commands import SentenceCommand, project_named
from telemetry_site.models import Membership


class Command(SentenceCommand):
    help = "People and their roles: viewer (reads), member (also links, alerts, views), admin (also tokens, people)."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|set|remove|create")
        listed = actions.add_parser("list", help="every account with its roles")
        given = actions.add_parser("set", help="give an account a role, in place of the one it has there")
        given.add_argument("user")
        given.add_argument("role", choices=Membership.Role.values)
        taken = actions.add_parser("remove", help="take a role away")
        taken.add_argument("user")
        for each in (given, taken):
            where = each.add_mutually_exclusive_group(required=True)
            where.add_argument("-p", "--project", help="slug or id")
            where.add_argument(
                "--every-project", action="store_true", help="all of them, those to come included"
            )
        made = actions.add_parser("create", help="make an account; its first password is printed, once")
        made.add_argument("user")
        for each in (listed, given, taken, made):
            each.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        actions: dict[str, Callable[..., None]] = {
            "list": self._list,
            "set": self._set,
            "remove": self._remove,
            "create": self._create,
        }
        actions[action](**options)

    def _list(self, **options: Any) -> None:
        told = [_as_json(person) for person in people()]
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        for each in told:
            roles = ", ".join(f"{role} of {project}" for project, role in each["roles"].items())
            self.stdout.write(f"{each['user']}: {roles or 'no role'}")

    def _set(self, user: str, role: str, **options: Any) -> None:
        membership = give_role(_user(user), _project(options), role)
        self._tell(options, f"{membership}.")

    def _remove(self, user: str, **options: Any) -> None:
        project = _project(options)
        if not take_role(_user(user), project):
            raise CommandError(f"{user!r} has no role of its own in {project or 'every project'}.")
        self._tell(options, f"{user} has no role in {project or 'every project'} any more.")

    def _create(self, user: str, **options: Any) -> None:
        try:
            account, password = make_account(user)
        except ValueError as error:
            raise CommandError(str(error)) from None
        note_command("member", f"account {account.username} made")
        if options["json"]:
            self.stdout.write(json.dumps({"user": account.username, "password": password}))
            return
        self.stderr.write(f"The first password of {account.username}; it is shown this once:")
        self.stdout.write(password)

    def _tell(self, options: dict[str, Any], sentence: str) -> None:
        note_command("member", sentence)
        self.stdout.write(json.dumps({"detail": sentence}) if options["json"] else sentence)


def _as_json(person: Person) -> dict[str, Any]:
    roles = {str(each.project or "every project"): each.role for each in person.memberships}
    if person.user.is_superuser:
        roles["the site"] = "administrator"
    return {"user": person.user.username, "active": person.user.is_active, "roles": roles}


def _user(name: str) -> User:
    found: User | None = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(f"There is no account {name!r}; `manage.py member create` makes one.")
    return found


def _project(options: dict[str, Any]) -> Project | None:
    return None if options["project"] is None else project_named(options["project"])
