"""Files that are appended, torn, cut, rewritten, replaced, moved and deleted in any order, with syncs in between."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sessions.archive import original_lines
from sessions.models import ModelResponse, SourceFile, TranscriptEntry
from sessions.tests import samples as s
from telemetry_site.pipeline import rebuild_all, sync
from telemetry_site.tests.length import times
from telemetry_site.verification import table_digests, verify

pytestmark = pytest.mark.django_db

FILES = [s.main_path(name) for name in "abc"]
choice = st.integers(0, 2)


class Histories(RuleBasedStateMachine):
    """A folder that changes, and what must be in the database after each sync.

    Every line holds a response of its own, so that the responses tell exactly which lines were read.
    """

    def __init__(self) -> None:
        super().__init__()
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        self.root = Path(tempfile.mkdtemp())
        (self.root / "projects").mkdir()
        self.files: dict[str, list[str]] = {}  # path -> names of the lines that stand in it
        self.halves: dict[str, bytes] = {}  # path -> the rest of a half-written last line
        self.seen: set[str] = set()
        self.last: dict[str, list[str]] = {}  # as the last sync found them
        self.number = 0
        self.synced = True

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._atomic.__exit__(None, None, None)
        shutil.rmtree(self.root)

    def _line(self, path: str) -> tuple[str, bytes]:
        self.number += 1
        name = f"{self.number:06d}"  # of equal length, so that a rewrite can keep a file's size
        session = "abc"[FILES.index(path) % 3]
        return name, s.line(s.reply(name, self.number, session))

    def _finish(self, path: str) -> None:
        """The agent ends the line it was writing."""
        if rest := self.halves.pop(path, b""):
            s.append(self.root, path, rest)

    @rule(n=choice, count=st.integers(1, 3))
    def append(self, n: int, count: int) -> None:
        self._finish(FILES[n])
        for _ in range(count):
            name, line = self._line(FILES[n])
            s.append(self.root, FILES[n], line)
            self.files.setdefault(FILES[n], []).append(name)
        self.synced = False

    @rule(n=choice, share=st.floats(0.01, 0.99))
    def append_half(self, n: int, share: float) -> None:
        self._finish(FILES[n])
        name, line = self._line(FILES[n])
        cut = max(1, int(len(line) * share))
        s.append(self.root, FILES[n], line[:cut])
        self.halves[FILES[n]] = line[cut:]
        self.files.setdefault(FILES[n], []).append(name)
        self.synced = False

    def _existing(self, n: int) -> str:
        return sorted(self.files)[n % len(self.files)]

    @precondition(lambda self: self.files)
    @rule(n=choice, keep=st.integers(0, 2))
    def truncate(self, n: int, keep: int) -> None:
        path = self._existing(n)
        self._finish(path)
        lines = (self.root / "projects" / path).read_bytes().splitlines(keepends=True)
        (self.root / "projects" / path).write_bytes(b"".join(lines[:keep]))
        self.files[path] = self.files[path][:keep]
        self.synced = False

    @precondition(lambda self: self.files)
    @rule(n=choice, grow=st.booleans(), replace=st.booleans())
    def rewrite(self, n: int, grow: bool, replace: bool) -> None:
        """Other lines in the place of the old ones: in place or by renaming, as long as before or longer."""
        path = self._existing(n)
        self._finish(path)
        fresh = [self._line(path) for _ in range(len(self.files[path]) + grow)]
        target = self.root / "projects" / path
        written = target.with_suffix(".tmp") if replace else target
        written.write_bytes(b"".join(line for _, line in fresh))
        written.rename(target)
        self.files[path] = [name for name, _ in fresh]
        self.synced = False

    @precondition(lambda self: self.files)
    @rule(n=choice)
    def delete(self, n: int) -> None:
        path = self._existing(n)
        (self.root / "projects" / path).unlink()
        self.halves.pop(path, None)
        del self.files[path]
        self.synced = False

    @precondition(lambda self: s.FOLDER in {p.split("/")[0] for p in self.files})
    @rule()
    def move_folder_there_and_back(self) -> None:
        """Read once while all files lie elsewhere."""
        folder = self.root / "projects" / s.FOLDER
        folder.rename(folder.with_name("-moved"))
        self.sync(later=False)
        folder.with_name("-moved").rename(folder)
        self.synced = False

    @rule(later=st.booleans())
    def sync(self, later: bool) -> None:
        now = timezone.now() + timedelta(hours=1 if later else 0)
        report = sync([self.root], now=now)
        assert report.problems == []
        for path, names in self.files.items():
            pending = self.halves.get(path, b"\n") not in (b"", b"\n")  # a whole record counts at once
            self.last[path] = names[:-1] if pending else list(names)
            self.seen.update(self.last[path])
        self.synced = True

    @rule()
    def rebuild(self) -> None:
        self.sync(later=False)
        before = table_digests()
        rebuild_all()
        assert table_digests() == before

    @invariant()
    def every_line_that_was_ever_read_is_counted_once(self) -> None:
        if self.synced:
            ids: Any = ModelResponse.objects.values_list("message_id", flat=True)
            assert sorted(ids) == sorted(f"msg_{name}" for name in self.seen)

    @invariant()
    def the_database_keeps_its_promises(self) -> None:
        if self.synced:
            assert verify() == []
            lines = SourceFile.objects.line_totals()
            assert lines.pop("lines_seen") == sum(lines.values())

    @invariant()
    def lines_that_stand_in_their_files_are_not_superseded(self) -> None:
        if self.synced:
            entries = TranscriptEntry.objects.filter(superseded=False).order_by("id")
            standing = [raw.split(b'"msg_')[1][:6].decode() for _, raw in original_lines(entries)]
            current = {name for path in self.files for name in self.last[path]}
            assert current <= set(standing)
            assert len(standing) == len(set(standing))


def test_any_history() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=times(15, long=60, postgres=6),
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
