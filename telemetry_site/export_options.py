"""The words of `manage.py export`: which options each kind of rows has, and what the API calls them."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from analytics.exports import EXPORTS, export_asked
from analytics.metrics import METRICS
from analytics.selectors import BREAKDOWN_DIMENSIONS
from sessions.exporting.definition import Export
from sessions.exporting.session_files import FORMATS

SINCE = ("since", "DATE", "first day, or an ISO moment")
UNTIL = ("until", "DATE", "last day, included, or an ISO moment")
PROJECT = ("project", "NAME", "only this project: its slug or id")
ZONE = ("tz", "ZONE", "IANA name of the zone whose midnights cut days")
SESSION = ("session", "ID", "only what this session caused")
MODEL = ("model", "NAME", "only this model")
TOOL = ("tool", "NAME", "only this tool")
PERIOD = (SINCE, UNTIL, PROJECT, ZONE)

# Option, placeholder, help; in the order of the help page.
OPTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "sessions": (*PERIOD, MODEL, TOOL),
    "responses": (*PERIOD, SESSION, MODEL),
    "tool-calls": (*PERIOD, SESSION, MODEL, TOOL, ("outcome", "WORD", "ok, error, rejected, ...")),
    "tasks": (SINCE, UNTIL, PROJECT),
    "features": (SINCE, UNTIL, PROJECT),
    "documents": (PROJECT,),
    "series": (
        ("metric", "ID", "one of " + ", ".join(sorted(METRICS))),
        ("every", "BUCKET", "hourly, daily, weekly or monthly (default: daily)"),
        ("by", "DIMENSION", "one point per bucket and group"),
        *PERIOD,
        ("session", "ID", "the timeline of tokens of one session instead"),
    ),
    "breakdown": (("by", "DIMENSION", "one of " + ", ".join(BREAKDOWN_DIMENSIONS)), *PERIOD),
}
_ABOUT = {
    "sessions": "One row per session; --since and --until are about when it began.",
    "responses": "One row per model response: what tokens and cost are summed from.",
    "tool-calls": "One row per tool call.",
    "tasks": "One row per planned task; --since and --until are about when it was completed.",
    "features": "One row per planned feature; --since and --until are about when it was completed.",
    "documents": "One row per plan file.",
    "series": "One row per bucket of time.",
    "breakdown": "One row per part of a period.",
}
# What the API calls an option where it is not the same word.
_NAMES = {
    "sessions": {"since": "start_date", "until": "end_date"},
    "tasks": {"since": "completed_start", "until": "completed_end"},
    "features": {"since": "completed_start", "until": "completed_end"},
    "series": {
        "since": "start",
        "until": "end",
        "every": "period",
        "by": "group_by",
        "session": "session_id",
    },
    "breakdown": {"since": "start", "until": "end", "by": "dimension"},
}
_USUAL = {"since": "start", "until": "end"}


def add_lists(kinds: Any) -> None:
    """A subcommand per kind of rows."""
    for name in EXPORTS:
        parser = kinds.add_parser(name, help=_ABOUT[name], description=_ABOUT[name])
        for option, placeholder, told in OPTIONS[name]:
            parser.add_argument(f"--{option}", metavar=placeholder, help=told, required=option == "metric")
        parser.add_argument(
            "--where",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help="any other filter that the API's list of them has; may be repeated",
        )
        add_output(parser, ("csv", "ndjson", "json"))


def add_session(kinds: Any) -> None:
    """The subcommand for one session as a document."""
    about = "One session as a document: its figures and its whole transcript."
    parser = kinds.add_parser("session", help=about, description=about)
    parser.add_argument("id", metavar="ID", help="the session's id, as its page shows it")
    parser.add_argument(
        "--subagents", action="store_true", help="put the transcripts of its subagents into the file, too"
    )
    add_output(parser, tuple(FORMATS))


def add_output(parser: CommandParser, formats: tuple[str, ...]) -> None:
    parser.add_argument(
        "--format", choices=formats, help=f"default: as the output's name ends, else {formats[0]}"
    )
    parser.add_argument("--output", metavar="FILE", help="where to write (default: standard output)")
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")


def export_of(name: str, options: dict[str, Any]) -> Export:
    """The export that the options ask for. Raises ValidationError, NotFound or CommandError with a sentence."""
    names = _NAMES.get(name, _USUAL)
    given = {
        names.get(option, option): options[option] for option, _, _ in OPTIONS[name] if options.get(option)
    }
    for text in options["where"]:
        field, sign, value = text.partition("=")
        if not sign or field in ("format", "offset", "limit"):
            raise CommandError(f"--where takes a filter as NAME=VALUE, not {text!r}.")
        given[field] = value
    return export_asked(name, given)
