"""Text of transcripts made fit to be shown: nothing in it moves a cursor, hides or reorders what stands there."""

import re
from dataclasses import dataclass

BLOCK_CHARS = 64 * 1024

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)"  # operating system commands, links among them
    r"|\x1b\[[0-?]{0,40}[ -/]{0,10}[@-~]"  # colours and cursor movements
    r"|\x1b[@-Z\\^_]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# They reorder the text around them, so that what is read is not what runs.
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_BIDI = re.compile(f"[{_TURNING}]")
_WRITTEN_OUT = {mark: f"[U+{ord(mark):04X}]" for mark in _TURNING}


def without_escapes(text: str) -> str:
    """The text without terminal escapes: colours, cursor movements, links."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def shown(text: str) -> str:
    """The text without terminal escapes, its other control characters and text-reordering marks made visible."""
    text = _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", without_escapes(text).replace("\r\n", "\n"))
    if _BIDI.search(text):
        for mark, written in _WRITTEN_OUT.items():
            text = text.replace(mark, written)
    return text


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text cut to what a page bears; `chars` is how long it is in full."""

    text: str
    chars: int

    @property
    def is_cut(self) -> bool:
        return len(self.text) < self.chars

    def __bool__(self) -> bool:
        return bool(self.text)


def cut(text: str, limit: int = BLOCK_CHARS) -> ShownText:
    """The text fit to be shown, at most `limit` characters of it."""
    return ShownText(shown(text[:limit]), len(text)) if len(text) > limit else _whole(shown(text))


def _whole(text: str) -> ShownText:
    return ShownText(text, len(text))
