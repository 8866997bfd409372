"""Secrets that were found: each once, with the lines it stands in. None of the answers holds a secret itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sessions.models import AgentSession, SecretFinding, TranscriptEntry
from sessions.parsers.secrets.kinds import LABELS
from sessions.scope import Projects, in_projects
from sessions.secrets.querysets import SecretFindingQuerySet
from sessions.selectors.transcript_items import line_number, moment

SECRETS_ON_A_PAGE = 50
PLACES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A line in which a secret stands."""

    session: AgentSession
    seq: int
    line_no: int
    at: datetime | None
    is_superseded: bool


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """A secret, and where it stands. `key` names it as long as its lines are not derived again."""

    key: int
    label: str  # its kind
    hint: str  # what stands in its place where texts are shown
    lines: int
    sessions: int
    first_at: datetime | None
    last_at: datetime | None
    places: tuple[Place, ...]  # the last ones


def findings_of(projects: Projects) -> SecretFindingQuerySet:
    """What was found in sessions of these projects."""
    return SecretFinding.objects.filter(in_projects(projects, "session__project"))


def secret_count(projects: Projects = None) -> int:
    """How many different secrets were found."""
    return findings_of(projects).different()


def found_secrets(
    *, offset: int = 0, limit: int = SECRETS_ON_A_PAGE, projects: Projects = None
) -> list[FoundSecret]:
    """The last seen first, in a fixed number of queries."""
    mine = findings_of(projects)
    rows = list(mine.by_secret()[offset : offset + limit])
    newest = mine.newest_of({row["fingerprint"] for row in rows}, PLACES_SHOWN)
    places = _places(newest)
    return [
        FoundSecret(
            key=row["example"],
            label=LABELS.get(row["kind"], row["kind"]),
            hint=row["hint"],
            lines=row["lines"],
            sessions=row["sessions"],
            first_at=moment(row["first"]),
            last_at=moment(row["last"]),
            places=tuple(places.get((row["fingerprint"], row["kind"]), ())),
        )
        for row in rows
    ]


def lines_with(example: SecretFinding, *, offset: int, limit: int, projects: Projects = None) -> list[Place]:
    """The lines that hold the same secret as a finding, the last seen first."""
    same = findings_of(projects).like(example).newest_first()
    found = _places(same[offset : offset + limit])
    return found.get((example.fingerprint, example.kind), [])


def _places(findings: Iterable[SecretFinding]) -> dict[tuple[int, str], list[Place]]:
    """{secret: lines}; a finding whose line was taken back in this moment is left out."""
    told = list(findings)
    entries = TranscriptEntry.objects.in_bulk({finding.entry_id for finding in told})
    found: dict[tuple[int, str], list[Place]] = {}
    for finding in told:
        entry = entries.get(finding.entry_id)
        if entry is not None:
            place = Place(
                finding.session, entry.seq, line_number(entry), moment(entry.at_ms), entry.superseded
            )
            found.setdefault((finding.fingerprint, finding.kind), []).append(place)
    return found
