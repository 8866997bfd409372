"""Secrets that were found: each once, with the lines and files it stands in. No answer holds a secret itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from sessions.bulk import in_chunks
from sessions.models import AgentSession, SecretFinding, SourceFile, TranscriptEntry
from sessions.owners import owner_key
from sessions.parsers.secrets.kinds import LABELS
from sessions.scope import Projects, in_projects
from sessions.secrets.noting import unsearched
from sessions.secrets.querysets import SecretFindingQuerySet
from sessions.selectors.transcript_items import line_number, moment
from tasks.models import Document

SECRETS_ON_A_PAGE = 50
PLACES_SHOWN = 3
LINE = "line"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret stands: a line of a transcript, or a file of another kind with the first of its lines.

    `is_past`: the line was replaced in its file, or the file's present text does not hold the secret any more.
    """

    kind: str  # LINE, or the kind of the file
    line_no: int
    lines: int  # of a file that hold it
    at: datetime | None
    is_past: bool
    session: AgentSession | None = None
    seq: int | None = None
    document: Document | None = None
    path: str = ""  # of a file, below its folder of transcripts or plans

    @property
    def name(self) -> str:
        """What the place is called: after its session or plan, else after its file."""
        if self.document is not None:
            return self.document.title or self.document.project_path
        return (self.session.title or self.session.public_id) if self.session else self.path

    @property
    def file_name(self) -> str:
        """The last part of a file's path."""
        return self.path.replace("\\", "/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """A secret, and where it stands. `key` names it as long as its lines are not derived again."""

    key: int
    label: str  # its kind
    hint: str  # what stands in its place where texts are shown
    lines: int
    sessions: int
    files: int  # plans, stored tool outputs and sidecars
    first_at: datetime | None
    last_at: datetime | None
    places: tuple[Place, ...]  # the last ones


@dataclass(frozen=True, slots=True)
class Unsearched:
    """Files of which it is not known what secrets stand in them: not yet, or for good."""

    waiting: int
    lost: int


def findings_of(projects: Projects) -> SecretFindingQuerySet:
    """What was found in sessions and plans of these projects."""
    found: SecretFindingQuerySet = SecretFinding.objects.all()
    if projects is None:
        return found
    plans = Document.objects.filter(in_projects(projects)).values("source_id")
    return found.filter(in_projects(projects, "session__project") | Q(source_id__in=plans))


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
    places = _places(newest, projects)
    return [
        FoundSecret(
            key=row["example"],
            label=LABELS.get(row["kind"], row["kind"]),
            hint=row["hint"],
            lines=row["sum_lines"],
            sessions=row["sessions"],
            files=row["files"],
            first_at=moment(row["first"]),
            last_at=moment(row["last"]),
            places=tuple(places.get((row["fingerprint"], row["kind"]), ())),
        )
        for row in rows
    ]


def places_of(example: SecretFinding, *, offset: int, limit: int, projects: Projects = None) -> list[Place]:
    """The lines and files that hold the same secret as a finding, the last seen first."""
    same = findings_of(projects).like(example).newest_first()
    found = _places(same[offset : offset + limit], projects)
    return found.get((example.fingerprint, example.kind), [])


def unsearched_files(projects: Projects = None) -> Unsearched:
    """How many files were not searched yet, and how many cannot be, since their text is not there."""
    lost = SourceFile.objects.filter(secrets_searched=False)
    return Unsearched(_count(unsearched(), projects), _count(lost, projects))


def _count(files: QuerySet[SourceFile], projects: Projects) -> int:
    """How many of these files are of the projects: by the documents that plans are, by the sessions of the others."""
    if projects is None:
        return files.count()
    plans = Document.objects.filter(in_projects(projects), source__in=files.values("id"))
    owners = [owner_key(file) for file in files.exclude(kind=SourceFile.Kind.PLAN)]
    asked = {owner for owner in owners if owner is not None}
    known = {key for some in in_chunks(asked) for key in _sessions_among(some, projects)}
    return plans.values("source_id").distinct().count() + sum(owner in known for owner in owners)


def _sessions_among(keys: Iterable[int], projects: Projects) -> Iterable[int]:
    mine = AgentSession.objects.filter(in_projects(projects), id__in=keys)
    return mine.values_list("id", flat=True)


def _places(findings: Iterable[SecretFinding], projects: Projects) -> dict[tuple[int, str], list[Place]]:
    """{secret: places}; a finding whose line was taken back in this moment is left out."""
    told = list(findings)
    entries = TranscriptEntry.objects.in_bulk({row.entry_id for row in told if row.entry_id is not None})
    documents = _documents((row.source_id for row in told if row.source_id is not None), projects)
    found: dict[tuple[int, str], list[Place]] = {}
    for row in told:
        if row.source is not None:
            place = _in_file(row, row.source, documents.get(row.source.pk))
        elif row.entry_id in entries:
            place = _in_line(row, entries[row.entry_id])
        else:
            continue
        found.setdefault((row.fingerprint, row.kind), []).append(place)
    return found


def _documents(sources: Iterable[int], projects: Projects) -> dict[int, Document]:
    """{file: the document it is, of those projects; one that is not gone where there are several}."""
    mine = Document.objects.filter(in_projects(projects), source__in=set(sources)).defer("facts")
    rows = sorted(mine, key=lambda document: (document.removed_at is None, -document.pk))
    return {document.source_id: document for document in rows}


def _in_line(row: SecretFinding, entry: TranscriptEntry) -> Place:
    return Place(
        LINE,
        line_number(entry),
        1,
        moment(entry.at_ms),
        entry.superseded,
        session=row.session,
        seq=entry.seq,
    )


def _in_file(row: SecretFinding, source: SourceFile, document: Document | None) -> Place:
    is_gone = document is not None and document.removed_at is not None
    return Place(
        source.kind,
        row.line or 1,
        row.lines,
        moment(row.at_ms),
        row.generation != source.generation or is_gone,
        session=row.session,
        document=document,
        path=source.relative_path,
    )
