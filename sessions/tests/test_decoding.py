"""JSON that is taken, mended or refused."""

from typing import Any

import pytest

from sessions.parsers.decoding import NotARecord, decode

MENDED: list[tuple[bytes, dict[str, Any], str]] = [
    (b'{"a":1}', {"a": 1}, ""),
    ('{"a":"\u2028\u0085"}'.encode(), {"a": "\u2028\u0085"}, ""),
    (b'{"a":"\\u0000"}', {"a": "\ufffd"}, "nul_character"),
    (b'{"a\\u0000":["\\u0000"]}', {"a\ufffd": ["\ufffd"]}, "nul_character"),
    (b'{"a":"\\ud800"}', {"a": "\ufffd"}, "json_extension"),
    (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}, ""),
    (b'{"a":NaN,"b":-Infinity,"c":1e999}', {"a": None, "b": None, "c": None}, "json_extension"),
    (b'{"a":"\xff"}', {"a": "\ufffd"}, "invalid_utf8"),
    (b'{"a":1,"a":2}', {"a": 2}, ""),
]
REFUSED = [
    (b"[]", "not_an_object"),
    (b"null", "not_an_object"),
    (b"1", "not_an_object"),
    (b"NaN", "not_an_object"),
    (b"{", "malformed_json"),
    (b'{"a":1}{"b":2}', "several_values"),
    (b'{"a":"\x01"}', "malformed_json"),
    (b'{"a":' + b"9" * 5000 + b"}", "malformed_json"),
    (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
]


@pytest.mark.parametrize(("raw", "value", "oddity"), MENDED)
def test_taken(raw: bytes, value: dict[str, Any], oddity: str) -> None:
    assert decode(raw) == (value, oddity)


@pytest.mark.parametrize(("raw", "reason"), REFUSED)
def test_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(NotARecord) as caught:
        decode(raw)
    assert caught.value.reason == reason
    assert str(caught.value).endswith(".")


def test_numbers_beyond_64_bits_are_numbers() -> None:
    value, _ = decode(b'{"a":' + b"9" * 30 + b"}")
    assert value["a"] == pytest.approx(1e30)
