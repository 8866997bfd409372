"""One line's JSON, as tolerant as the field needs and as strict as a database needs.

orjson decodes nearly every line. What it refuses and Python's decoder takes (lone surrogates from cut
strings, NaN, integers or floats out of range, invalid UTF-8 inside a string) is taken too, with the oddity
named. What is not a JSON object at all raises `NotARecord` with a reason for the quarantine.
"""

import json
import re
from typing import Any

import orjson

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class NotARecord(ValueError):
    """The line is not a JSON object; `reason` is a short code, the message a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def decode(line: bytes) -> tuple[dict[str, Any], str]:
    """The record of one line and the oddity that was mended ("" when none).

    Raises NotARecord when the line is not one JSON object.
    """
    oddity = ""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value, oddity = _decode_tolerantly(line)
    else:
        if b"\\u0000" in line:
            value, oddity = _clean(value), "nul_character"
    if not isinstance(value, dict):
        raise NotARecord("not_an_object", f"The line is valid JSON but a {_json_type(value)}, not an object.")
    return value, oddity


def _decode_tolerantly(line: bytes) -> tuple[Any, str]:
    try:
        text, oddity = line.decode("utf-8"), "json_extension"
    except UnicodeDecodeError:
        text, oddity = line.decode("utf-8", "replace"), "invalid_utf8"
    try:
        value = json.loads(text)
    except RecursionError:
        raise NotARecord("too_deep", "The line nests deeper than can be read.") from None
    except ValueError as error:
        reason = "several_values" if str(error).startswith("Extra data") else "malformed_json"
        raise NotARecord(reason, f"Not JSON: {error}.") from None
    try:
        return _clean(value), oddity
    except RecursionError:
        raise NotARecord("too_deep", "The line nests deeper than can be read.") from None


def _clean(value: Any) -> Any:
    """Replace what no database stores: NUL and lone surrogates by U+FFFD, NaN and infinities by null."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_UNSTORABLE.sub("\ufffd", key): _clean(item) for key, item in value.items()}
    return value


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, list):
        return "list"
    return "string" if isinstance(value, str) else "number"
