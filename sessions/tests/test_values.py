"""Single values out of records that keep no types."""

from typing import Any

import pytest

from sessions.parsers.values import (
    block_text,
    identifier,
    items,
    mapping,
    milliseconds,
    preview,
    text,
    time_ms,
)

TIMES: list[tuple[Any, int | None]] = [
    ("2026-03-01T10:00:00.123Z", 1_772_359_200_123),
    ("2026-03-01T10:00:00.1234567Z", 1_772_359_200_123),
    ("2026-03-01T11:00:00+01:00", 1_772_359_200_000),
    ("2026-03-01T10:00:00", 1_772_359_200_000),
    (1_772_359_200_123, 1_772_359_200_123),
    (1_772_359_200_123.9, 1_772_359_200_123),
    ("1970-01-01T00:00:00Z", None),
    ("9999-12-31T23:59:59-23:59", None),
    ("0001-01-01T00:00:00+23:59", None),
    ("yesterday", None),
    ("", None),
    (True, None),
    (None, None),
    ({}, None),
    (10**30, None),
    (float("inf"), None),
]


@pytest.mark.parametrize(("value", "ms"), TIMES)
def test_times(value: Any, ms: int | None) -> None:
    assert time_ms(value) == ms


@pytest.mark.parametrize("value", [None, 1, True, "x", [1], {"a": 1}])
def test_other_types_read_as_empty(value: Any) -> None:
    assert text(value) == (value if isinstance(value, str) else "")
    assert items(value) == (value if isinstance(value, list) else [])
    assert mapping(value) == (value if isinstance(value, dict) else {})


def test_durations() -> None:
    found = [milliseconds(v) for v in (5, 5.4, 0, -1, True, "5", None, 10**12, float("nan"))]
    assert found == [5, 5, 0, None, None, None, None, None, None]


def test_texts_of_blocks() -> None:
    blocks = [
        {"type": "text", "text": "a"},
        {"type": "image"},
        "x",
        None,
        {"type": "text", "text": 5},
        {"type": "text", "text": "b"},
    ]
    assert block_text(blocks) == "a\nb"
    assert block_text("plain") == "plain"
    assert block_text(None) == ""


def test_cutting() -> None:
    assert preview("abcdef", 4) == "abc…"
    assert preview("abcd", 4) == "abcd"


def test_long_identifiers_stay_apart() -> None:
    one, other = identifier("x" * 500 + "1", 100), identifier("x" * 500 + "2", 100)
    assert len(one) == len(other) == 100
    assert one != other
    assert identifier("short", 100) == "short"
    assert identifier(5, 100) == ""
