"""Which parts of an identifier are replaced, and by what."""

from __future__ import annotations

import re

import pytest

from benchmarks.identifiers import fresh_identifier, identifier_values, identifiers_in

KEY, OTHER_KEY = b"1:0", b"1:1"
UUID = "1B0F2A7C-52f4-7f0a-ad7e-0c5a3be11d01"


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (UUID, [UUID]),
        ("msg_01Xk3QmVn8sTzLr2CwYb4HdEf", ["01Xk3QmVn8sTzLr2CwYb4HdEf"]),
        ("toolu_vrtx_01Ab9ZkLmNpQrStUvWxYz12", ["01Ab9ZkLmNpQrStUvWxYz12"]),
        ("call_qWeRtYuIoPaSdFgHjKlZxCvB", ["qWeRtYuIoPaSdFgHjKlZxCvB"]),
        ("acompact-a52886dc180afb356", ["a52886dc180afb356"]),
        ("20260301094512345678", ["20260301094512345678"]),
        (f"todo-{UUID}-agent-{UUID}", [UUID, UUID]),
        ("SessionStart:resume", []),
        ("mcp__context7__query", []),
        ("bash-progress-12345", []),
        ("[REDACTED]-9c1b", []),
    ],
)
def test_random_parts_are_told_from_names(value: str, parts: list[str]) -> None:
    assert [part.decode() for part in identifiers_in(value)] == parts


@pytest.mark.parametrize(
    ("old", "shape"),
    [
        (UUID.lower(), r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"),
        (UUID.upper(), r"[0-9A-F]{8}-[0-9A-F]{4}-7[0-9A-F]{3}-A[0-9A-F]{3}-[0-9A-F]{12}"),
        ("a52886dc", r"[0-9a-f]{8}"),
        ("01Xk3QmVn8sTzLr2CwYb4HdEf", r"01[0-9A-Za-z]{23}"),
        ("REQ7K2M9QX4ZT", r"[0-9A-Z]{13}"),
        ("20260301094512345678", r"2[0-9]{19}"),
        ("a1" * 60, r"[0-9a-f]{120}"),
        ("Zz9" * 40, r"[0-9A-Za-z]{120}"),
    ],
)
def test_a_fresh_identifier_has_the_shape_of_the_old(old: str, shape: str) -> None:
    new = fresh_identifier(old.encode(), KEY).decode()
    assert re.fullmatch(shape, new)
    assert new != old
    assert new.encode() == fresh_identifier(old.encode(), KEY)
    assert new.encode() != fresh_identifier(old.encode(), OTHER_KEY)


def test_a_uuid_is_the_same_in_both_cases() -> None:
    lower, upper = fresh_identifier(UUID.lower().encode(), KEY), fresh_identifier(UUID.upper().encode(), KEY)
    assert lower.upper() == upper


def test_identifiers_are_found_at_any_depth() -> None:
    call = {"type": "tool_use", "id": "toolu_a", "input": {"id": "a name", "agentId": "b"}}
    record = {"uuid": "c", "parentUuid": None, "message": {"id": "d", "usage": {}, "content": [call]}}
    assert sorted(identifier_values(record)) == ["b", "c", "d", "toolu_a"]


def test_deep_records_are_walked() -> None:
    record: object = {"uuid": "innermost"}
    for _ in range(10_000):
        record = [record]
    assert list(identifier_values(record)) == ["innermost"]
