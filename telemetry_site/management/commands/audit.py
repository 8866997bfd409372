"""`manage.py audit`: who did what, when, and from where."""

import json
from argparse import ArgumentTypeError
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.management.base import CommandParser

from sessions.date_bounds import lower_bound, reporting_zone, upper_bound
from sessions.scope import Projects, only
from telemetry_site.audit.actions import known_actions
from telemetry_site.audit.log import audit_entries, csv_lines, row_of
from telemetry_site.commands import SentenceCommand, project_named


class Command(SentenceCommand):
    help = "The audit log, the newest entry first. It is added to and never shortened."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--actor", default="", help="the account")
        parser.add_argument("--action", default="", choices=known_actions(), help="what was done")
        parser.add_argument("-p", "--project", help="slug or id")
        parser.add_argument("--text", default="", help="a part of what it was done to")
        parser.add_argument("--since", type=_from, help="ISO date or datetime")
        parser.add_argument("--until", type=_until, help="ISO date, that day included, or datetime")
        parser.add_argument("-n", "--limit", type=int, default=50, help="at most (default: %(default)s)")
        parser.add_argument("--format", choices=("text", "csv", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        found = audit_entries(
            _projects(options["project"]),
            actor=options["actor"],
            action=options["action"],
            text=options["text"],
            start=options["since"],
            end=options["until"],
        )
        entries = islice(found.iterator(), max(0, options["limit"]))
        if options["format"] == "csv":
            self.stdout.writelines(csv_lines(entries))
        elif options["format"] == "json":
            self.stdout.write(json.dumps([row_of(entry) for entry in entries]))
        else:
            for entry in entries:
                row = row_of(entry)
                who = row["actor"] or row["token"] or row["way"]
                words = [row["at"], who, row["address"], row["action"], row["subject"], row["project"]]
                self.stdout.write("  ".join(word for word in words if word))


def _projects(name: str | None) -> Projects:
    return None if name is None else only(project_named(name).pk)


def _from(text: str) -> datetime:
    return _moment(lower_bound, text)


def _until(text: str) -> datetime:
    return _moment(upper_bound, text)


def _moment(read: Any, text: str) -> datetime:
    try:
        moment: datetime = read(text, reporting_zone())
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    return moment
