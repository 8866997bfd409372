"""An original line of a session, as the archive holds it, but for its secrets."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sessions.archive import original_line
from sessions.models import AgentSession, TranscriptEntry
from sessions.parsers.decoding import NotARecord, decode
from sessions.parsers.display import shown
from sessions.parsers.lines import content
from sessions.parsers.secrets.finding import SecretSeen
from sessions.parsers.secrets.masking import read_masked
from sessions.selectors.transcript_items import line_number, moment


@dataclass(frozen=True, slots=True)
class RawLine:
    """An original line, and where it stands. `sha256` is of the line as it was read.

    Secrets are masked in `raw`, but where they were asked for (`is_revealed`).
    """

    entry: TranscriptEntry
    line_no: int
    file: str
    raw: bytes
    sha256: str
    secrets: tuple[SecretSeen, ...] = ()
    is_revealed: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether it is what was read, byte for byte."""
        return self.is_revealed or not self.secrets

    @property
    def end(self) -> int:
        """The offset behind its last byte."""
        return self.entry.offset + self.entry.length

    @property
    def at(self) -> datetime | None:
        return moment(self.entry.at_ms)

    @property
    def readable(self) -> str:
        """The record as indented JSON, or the bytes as text where they are none."""
        try:
            record, _ = decode(content(self.raw))
        except NotARecord:
            return shown(self.raw.decode("utf-8", "replace"))
        return shown(json.dumps(record, indent=2, ensure_ascii=False))


def raw_line(session: AgentSession, seq: int, *, reveals: bool = False) -> RawLine | None:
    """The original line at a seq of the session, the valid one where a rewritten file has several.

    Raises TextPruned or ArchiveDamaged when the archive no longer holds the bytes that were read.
    """
    mine = TranscriptEntry.objects.filter(session=session, seq=seq).select_related("source")
    entry = mine.order_by("superseded", "-generation", "id").first()
    if entry is None:
        return None
    original = original_line(entry)
    raw, secrets = read_masked(original)
    if reveals:
        raw = original
    digest = sha256(original).hexdigest()
    return RawLine(entry, line_number(entry), entry.source.relative_path, raw, digest, secrets, reveals)


def neighbours(session: AgentSession, seq: int) -> tuple[int | None, int | None]:
    """The seqs of the lines before and after one in the session."""
    mine = TranscriptEntry.objects.filter(session=session)
    before = mine.filter(seq__lt=seq).order_by("-seq").values_list("seq", flat=True).first()
    after = mine.filter(seq__gt=seq).order_by("seq").values_list("seq", flat=True).first()
    return before, after
