"""Outputs that stand in files of their own (R27): shown in their place, kept for ever, and nothing else opened."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from sessions import tool_outputs
from sessions.log_rows import logs_of
from sessions.models import ArchiveSegment, SourceFile
from sessions.selectors import entries
from sessions.tests.fake_secrets import fake
from sessions.tests.samples import CWD, FOLDER, answer, call, forked, reply, side, uid
from sessions.tests.transcripts import found, read
from telemetry_site.pipeline import rebuild_all, sync

pytestmark = pytest.mark.django_db

WHOLE = "first line\nsecond line\n"


def stub(path: str) -> str:
    said = f"Output too large (9KB). Full output saved to: {path}"
    return f"<persisted-output>\n{said}\n\nPreview:\nfirst\n</persisted-output>"


def place(session: str = "a", name: str = "b1.txt") -> str:
    return f"/home/ada/.claude/projects/{FOLDER}/{uid(session)}/tool-results/{name}"


def calling(path: str, session: str = "a", **more: Any) -> list[dict[str, Any]]:
    """A call whose answer is kept at a path."""
    return [
        reply(f"{session}1", 0, session, blocks=[call("t1")]),
        answer(f"{session}2", 1, "t1", session, content=stub(path), **more),
    ]


def keep(root: Path, text: str = WHOLE, session: str = "a", name: str = "b1.txt") -> Path:
    path = root / "projects" / FOLDER / uid(session) / "tool-results" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def shown(session: str = "a", agent: str = "") -> str:
    [answered] = [i.call.result for i in entries(found(session, agent)).items if i.call and i.call.result]
    return answered.text


def test_the_output_stands_in_the_place_of_its_stub(tmp_path: Path) -> None:
    keep(tmp_path)
    read(tmp_path, a=calling(place()))
    assert shown() == WHOLE
    assert logs_of(found())[0]["toolCall"]["output"] == WHOLE


def test_an_output_named_only_in_the_record_is_found(tmp_path: Path) -> None:
    keep(tmp_path)
    records = [
        reply("a1", 0, "a", blocks=[call("t1")]),
        answer(
            "a2", 1, "t1", "a", content="first", detail={"stdout": "first", "persistedOutputPath": place()}
        ),
    ]
    read(tmp_path, a=records)
    assert shown() == WHOLE


def test_it_stays_when_its_file_is_gone_and_changes_with_it(tmp_path: Path) -> None:
    path = keep(tmp_path)
    read(tmp_path, a=calling(place()))
    path.write_text("longer than before\n" * 9)
    sync([tmp_path])
    shutil.rmtree(tmp_path / "projects")
    sync([tmp_path])
    rebuild_all()
    assert shown() == "longer than before\n" * 9


def test_a_subagent_and_a_fork_see_what_their_parent_kept(tmp_path: Path) -> None:
    keep(tmp_path)
    history = calling(place())
    worker = [side(record, "w1") | {"uuid": uid(f"w{n}")} for n, record in enumerate(history)]
    read(tmp_path, a=history, a__w1=worker, b=[*forked(history, "b"), reply("b3", 9, "b")])
    assert (shown("a", "w1"), shown("b")) == (WHOLE, WHOLE)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        f"/x/{uid('a')}/tool-results/../secret.txt",
        f"/x/{uid('a')}/tool-results/..",
        f"/x/{uid('other')}/tool-results/b1.txt",
        f"{CWD}/tool-results/b1.txt",
        "",
    ],
)
def test_no_other_file_is_shown(tmp_path: Path, path: str) -> None:
    keep(tmp_path)
    keep(tmp_path, "not yours", session="other")
    (tmp_path / "projects" / FOLDER / uid("a") / "secret.txt").write_text("not yours")
    read(tmp_path, a=calling(path))
    assert shown() == stub(path)


def test_links_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not yours")
    link = keep(tmp_path).with_name("b2.txt")
    os.symlink(secret, link)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b3.txt").write_text("not yours")
    folder = tmp_path / "projects" / FOLDER / uid("b")
    folder.mkdir()
    os.symlink(elsewhere, folder / "tool-results")
    read(tmp_path, a=calling(place(name="b2.txt")), b=calling(place("b", "b3.txt"), "b"))
    assert shown("a") == stub(place(name="b2.txt"))
    assert shown("b") == stub(place("b", "b3.txt"))
    kept = SourceFile.objects.filter(kind=SourceFile.Kind.TOOL_OUTPUT)
    assert [source.relative_path.rpartition("/")[2] for source in kept] == ["b1.txt"]


def test_of_a_very_long_output_the_beginning_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_outputs, "MAX_BYTES", 5)
    keep(tmp_path)
    read(tmp_path, a=calling(place()))
    assert shown() == WHOLE[:5]
    assert ArchiveSegment.objects.get(source__kind=SourceFile.Kind.TOOL_OUTPUT).length == 5


def test_reading_again_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path)
    read(tmp_path, a=calling(place()))
    monkeypatch.setattr(os, "open", None)
    report = sync([tmp_path])
    assert (report.files["read"], report.problems) == (0, [])


def test_secrets_in_an_output_are_masked(tmp_path: Path) -> None:
    secret = fake("hugging_face_token")
    keep(tmp_path, f"first\nit is {secret}\n")
    read(tmp_path, a=calling(place()))
    assert shown() == f"first\nit is [Hugging Face token …{secret[-4:]}]\n"
