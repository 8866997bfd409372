"""Rows as text: CSV for spreadsheets, NDJSON for programs, one JSON object. Each is written piece by piece.

Money has all its nine places everywhere; in JSON it is a number that loses nothing when it is read as a decimal.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import batched
from typing import Any

from sessions.exporting.definition import Export, Item

ROWS_IN_A_PIECE = 200
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# In a terminal they move the cursor or hide what stands there; no table needs them.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def neutral(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def money_text(dollars: Decimal) -> str:
    """Dollars with all nine places, never in powers of ten."""
    return f"{dollars:.9f}"


def as_csv(columns: Sequence[str], rows: Iterable[Item]) -> Iterator[str]:
    """RFC 4180 with a header; an unknown value is an empty cell, a list or open object is JSON in a cell."""
    yield _csv_piece([columns])
    paths = [column.split(".") for column in columns]
    for piece in batched(rows, ROWS_IN_A_PIECE):
        yield _csv_piece([[_cell(_value(row, path)) for path in paths] for row in piece])


def _csv_piece(rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _value(row: Any, path: list[str]) -> Any:
    for name in path:
        row = None if row is None else row.get(name)
    return row


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return neutral(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", value))
    return _json(value)


def as_ndjson(export: Export, rows: Iterable[Item]) -> Iterator[str]:
    """An object a line; an unknown value is null."""
    for piece in batched(rows, ROWS_IN_A_PIECE):
        yield "".join(f"{_json_row(export, row)}\n" for row in piece)


def as_json(export: Export, rows: Iterable[Item]) -> Iterator[str]:
    """One object `{"items": [...], "total": n}`."""
    total = 0
    yield '{"items": ['
    for piece in batched(rows, ROWS_IN_A_PIECE):
        start = ",\n" if total else "\n"
        yield start + ",\n".join(_json_row(export, row) for row in piece)
        total += len(piece)
    yield f'\n], "total": {total}}}\n'


def _json_row(export: Export, row: Item) -> str:
    return _json({name: row.get(name) for name in export.fields})


def _json(value: Any) -> str:
    """JSON on one line, decimals as numbers with all their places, which Python's own encoder cannot do."""
    if isinstance(value, Decimal):
        return money_text(value)
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{json.dumps(str(name))}: {_json(part)}" for name, part in value.items()) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value)


FORMATS: dict[str, Callable[[Export, Iterable[Item]], Iterator[str]]] = {
    "csv": lambda export, rows: as_csv(export.columns, rows),
    "ndjson": as_ndjson,
    "json": as_json,
}
