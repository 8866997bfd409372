"""When it is worth looking at folders again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from telemetry_site import watching


class Looks:
    """A watch in a thread that counts how often it was told to look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        for _ in watching.changes(lambda: [self.folder], stop=self.stopping.is_set, pause=self.stopping.wait):
            self.count += 1

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self.stopping.set()
            self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def grow(self, *, beyond: int) -> bool:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.count > beyond:
                return True
            time.sleep(0.05)
        return False


def test_an_appended_line_is_worth_a_look(tmp_path: Path) -> None:
    looks = Looks(tmp_path)
    with looks.running():
        assert looks.grow(beyond=0)
        before = looks.count
        (tmp_path / "new.jsonl").write_text("{}\n")
        assert looks.grow(beyond=before)


def test_a_new_folder_inside_is_watched_too(tmp_path: Path) -> None:
    looks = Looks(tmp_path)
    with looks.running():
        assert looks.grow(beyond=0)
        (tmp_path / "project").mkdir()
        assert looks.grow(beyond=1)
        time.sleep(1)
        before = looks.count
        (tmp_path / "project" / "new.jsonl").write_text("{}\n")
        assert looks.grow(beyond=before)


def test_a_folder_that_appears_later_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.05)
    looks = Looks(tmp_path / "later")
    with looks.running():
        (tmp_path / "later").mkdir()
        assert looks.grow(beyond=0)
        time.sleep(0.5)
        before = looks.count
        (tmp_path / "later" / "new.jsonl").write_text("{}\n")
        assert looks.grow(beyond=before)


def test_quiet_folders_are_left_alone_until_the_rescan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(tmp_path)
    with looks.running():
        assert looks.grow(beyond=0)
        time.sleep(1.5)
        assert looks.count == 1
        monkeypatch.setattr(watching, "RESCAN_SECONDS", 0.1)
        assert looks.grow(beyond=1)


def test_without_events_it_polls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> Iterator[None]:
        raise OSError("no more watches")

    monkeypatch.setattr(watching, "hints", exhausted)
    monkeypatch.setattr(watching, "POLL_SECONDS", 0.05)
    looks = Looks(tmp_path)
    with looks.running():
        assert looks.grow(beyond=3)
