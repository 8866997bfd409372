"""Lines out of bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.parsers import lines
from sessions.parsers.lines import Chunk, Tail, content, prefix_matches, read_chunks, split


def read(raw: bytes, offset: int = 0) -> list[Chunk | Tail]:
    return list(read_chunks(io.BytesIO(raw), offset, len(raw)))


@given(st.lists(st.binary(max_size=20)), st.integers(1, 9))
def test_every_byte_is_in_one_part(pieces: list[bytes], block: int) -> None:
    raw = b"\n".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block)
        parts = read(raw)
    assert b"".join(part.raw for part in parts) == raw
    assert [type(p) for p in parts] == [Chunk] * (len(parts) - 1) + [Tail]
    found = [line for part in parts[:-1] for _, line in split(part.raw, part.offset)]
    assert [*found, parts[-1].raw] == raw.split(b"\n")


@given(st.binary(max_size=60))
def test_every_cut_gives_the_same_lines(raw: bytes) -> None:
    for cut in range(len(raw) + 1):
        first = read(raw[:cut])
        tail = first[-1]
        rest = read(raw, tail.offset)
        both = [*first[:-1], *rest]
        assert b"".join(part.raw for part in both) == raw


@pytest.mark.parametrize("inside", ["\u2028", "\u0085", "\x0b", "\r", "\x1c"])
def test_only_a_newline_ends_a_line(inside: str) -> None:
    raw = f"a{inside}b\n".encode()
    assert list(split(raw, 0)) == [(0, raw[:-1])]


@pytest.mark.parametrize("blank", [b"", b"  \t\r", b"\x00\x00", b"\xef\xbb\xbf", b"\xef\xbb\xbf \x00"])
def test_blank_lines(blank: bytes) -> None:
    assert content(blank) == b""


def test_padding_and_marks_are_no_content() -> None:
    assert content(b"\xef\xbb\xbf{}\r") == content(b"\x00\x00{} ") == b"{}"


def test_a_line_too_long_is_hashed_and_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 10)
    monkeypatch.setattr(lines, "BLOCK_BYTES", 4)
    first, big, last, tail = read(b"ab\n" + b"x" * 30 + b"\ncd\n")
    assert isinstance(big, Chunk)
    assert big.oversize
    assert (big.offset, big.oversize.length, big.end) == (3, 31, 34)
    assert (first.raw, last.raw, tail.raw) == (b"ab\n", b"cd\n", b"")
    assert isinstance(read(b"x" * 30)[0], Tail)


def test_a_changed_prefix_is_noticed() -> None:
    from hashlib import sha256

    raw = b"abcdef"
    known = [(0, 3, sha256(b"abc").digest()), (3, 3, sha256(b"def").digest())]
    assert prefix_matches(io.BytesIO(raw + b"more"), known)
    assert not prefix_matches(io.BytesIO(b"abcdeX"), known)
    assert not prefix_matches(io.BytesIO(b"abcde"), known)
