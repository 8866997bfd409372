"""Secrets in files that are no transcripts, each once with the lines it stands in."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sessions.parsers.secrets.finding import Secret, SecretSeen, line_secrets, secrets_in


class FileSecret(NamedTuple):
    """That a file holds a secret, without the secret: the first line, from 1, and in how many lines it begins."""

    seen: SecretSeen
    line: int
    lines: int


def file_secrets(raw: bytes, *, is_json: bool = False) -> list[FileSecret]:
    """What is masked where the file is shown, in the order of its first lines; `is_json`: as a sidecar is."""
    text, found = line_secrets(raw) if is_json else (raw, secrets_in(raw))
    lines: dict[SecretSeen, dict[int, None]] = {}
    for seen, line in _placed(text, found):
        lines.setdefault(seen, {})[line] = None
    return [FileSecret(seen, next(iter(where)), len(where)) for seen, where in lines.items()]


def _placed(text: bytes, found: Iterable[Secret]) -> Iterator[tuple[SecretSeen, int]]:
    line, at = 1, 0
    for secret in found:
        start = secret.spans[0][0]
        line, at = line + text.count(b"\n", at, start), start
        yield secret.seen, line
