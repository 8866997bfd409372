"""Images that stand in transcripts, given to a browser only as what their bytes say they are."""

import base64
import binascii
from dataclasses import dataclass

from sessions.models import AgentSession
from sessions.parsers.decoding import NotARecord, decode
from sessions.parsers.formats.claude_blocks import images_of
from sessions.parsers.lines import content
from sessions.selectors.raw_lines import raw_line

# The beginnings of the formats that browsers draw and that cannot hold a program. SVG can, so it is not among them.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class PictureBytes:
    """An image and its type, `application/octet-stream` where it is none that is drawn."""

    data: bytes
    media_type: str

    @property
    def is_drawn(self) -> bool:
        return self.media_type.startswith("image/")


def picture(session: AgentSession, seq: int, number: int) -> PictureBytes | None:
    """An image of a line by its place there; None where there is none. Raises ArchiveDamaged."""
    line = raw_line(session, seq)
    if line is None:
        return None
    try:
        record, _ = decode(content(line.raw))
    except NotARecord:
        return None
    found = images_of(record)
    if number >= len(found):
        return None
    try:
        data = base64.b64decode(found[number].data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return PictureBytes(data, media_type_of(data)) if data else None


def media_type_of(data: bytes) -> str:
    """What the bytes begin as, whatever the transcript calls them."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    known = (media_type for beginning, media_type in _BEGINNINGS if data.startswith(beginning))
    return next(known, "application/octet-stream")
