"""Texts with a word in the place of each secret: what everything but the archive is made of."""

from collections.abc import Iterable

from sessions.parsers.secrets.finding import Secret, SecretSeen, line_secrets, secrets_in


def masked_line(raw: bytes) -> bytes:
    """An original line of a transcript, fit to be read and shown; JSON stays JSON."""
    line, found = line_secrets(raw)
    return _masked(line, found) if found else raw


def read_masked(raw: bytes) -> tuple[bytes, tuple[SecretSeen, ...]]:
    """A masked line and what was found in it, each secret once."""
    line, found = line_secrets(raw)
    if not found:
        return raw, ()
    return _masked(line, found), tuple(dict.fromkeys(secret.seen for secret in found))


def masked_bytes(raw: bytes) -> bytes:
    """The bytes of a text, fit to be read and shown. Its lines stay where they are."""
    found = secrets_in(raw)
    return _masked(raw, found) if found else raw


def masked(text: str) -> str:
    """A text fit to be shown, told or logged."""
    raw = text.encode("utf-8", "surrogatepass")
    found = secrets_in(raw)
    return _masked(raw, found).decode("utf-8", "surrogatepass") if found else text


def _masked(raw: bytes, found: Iterable[Secret]) -> bytes:
    pieces, at = [], 0
    for secret in found:
        mask = f"[{secret.hint}]".encode()
        for start, end in secret.spans:
            pieces += [raw[at:start], mask]
            at = end
    return b"".join([*pieces, raw[at:]])
