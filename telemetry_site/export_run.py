"""What `manage.py export` does: choose a format, write the pieces where they are wanted, and say how far it is."""

import os
import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, OutputWrapper
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError

from sessions.exporting.definition import Export
from sessions.exporting.documents import session_document
from sessions.exporting.downloads import written
from sessions.exporting.session_files import FORMATS
from sessions.selectors import session
from telemetry_site.api_errors import validation_body
from telemetry_site.export_options import export_of
from telemetry_site.file_output import write_whole

SECONDS_BETWEEN_WORDS = 2
READER_LEFT = 141  # 128 + SIGPIPE


class Progress:
    """Counts rows, and says so every other second: a short export says nothing before it ends."""

    def __init__(self, total: Callable[[], int], say: Callable[[str], Any]) -> None:
        self.rows = 0
        self._total, self._say = total, say
        self._next = time.monotonic() + SECONDS_BETWEEN_WORDS

    def __call__(self) -> None:
        self.rows += 1
        now = time.monotonic()
        if now >= self._next:
            self._next = now + SECONDS_BETWEEN_WORDS
            self._say(f"{self.rows:,} of {self._total():,} rows")


def export_rows(name: str, options: dict[str, Any], out: OutputWrapper, err: OutputWrapper) -> None:
    """Write one kind of rows. Raises CommandError with a sentence."""
    target, form = output_asked(options, ("csv", "ndjson", "json"))
    export = _export(name, options)
    progress = Progress(export.count, lambda text: err.write(text, str))
    write_out(written(export, form, progress), target, out, force=options["force"])
    if target:
        err.write(f"{progress.rows:,} rows in {target}", str)  # in no colour: it is no error


def export_session(options: dict[str, Any], out: OutputWrapper) -> None:
    """Write one session as a document. Raises CommandError with a sentence."""
    target, form = output_asked(options, tuple(FORMATS))
    found = session(options["id"])
    if found is None:
        raise CommandError("There is no session with this id.")
    document = session_document(found, now=timezone.now(), with_subagents=options["subagents"])
    write_out(FORMATS[form].write(document), target, out, force=options["force"])


def _export(name: str, options: dict[str, Any]) -> Export:
    try:
        return export_of(name, options)
    except ValidationError as error:
        raise CommandError(validation_body(error.detail)["detail"]) from None
    except APIException as error:
        raise CommandError(str(error.detail)) from None


def output_asked(options: dict[str, Any], formats: tuple[str, ...]) -> tuple[Path | None, str]:
    """(file or None for standard output, format). The format is what is said, else how the file's name ends."""
    target = Path(options["output"]) if options["output"] else None
    ending = target.suffix.lstrip(".").lower() if target else ""
    ending = {"md": "markdown", "htm": "html", "jsonl": "ndjson"}.get(ending, ending)
    return target, options["format"] or (ending if ending in formats else formats[0])


def write_out(pieces: Generator[str], target: Path | None, out: OutputWrapper, *, force: bool) -> None:
    """The pieces to a file, whole or not at all, or to standard output."""
    with closing(pieces):
        if target is None:
            _print_out(pieces, out)
        else:
            _write_file(pieces, target, force=force)


def _print_out(pieces: Iterable[str], out: OutputWrapper) -> None:
    try:
        for piece in pieces:
            out.write(piece, ending="")
        out.flush()
    except BrokenPipeError:
        # Whoever reads, such as `head`, has seen enough: end as other programs do then.
        _let_go_of_stdout()
        raise SystemExit(READER_LEFT) from None


def _let_go_of_stdout() -> None:
    """What is still buffered goes nowhere; Python would complain when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_file(pieces: Iterable[str], target: Path, *, force: bool) -> None:
    try:
        write_whole(target, pieces, replace=force)
    except FileExistsError:
        raise CommandError(f"{target} is there already; --force replaces it.") from None
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror or error}.") from None
