"""Finding transcripts by looking at folders only."""

import os
from pathlib import Path

import pytest

from sessions.parsers.discovery import FoundFile, Unreadable, default_folders, roots_of, walk

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("environ", "folders"),
    [
        ({}, ["/home/ada/.config/claude", "/home/ada/.claude"]),
        ({"CLAUDE_CONFIG_DIR": " /a , /b,"}, ["/a", "/b"]),
        ({"XDG_CONFIG_HOME": "/x"}, ["/x/claude", "/home/ada/.config/claude", "/home/ada/.claude"]),
        ({"USERPROFILE": "/w"}, ["/home/ada/.config/claude", "/home/ada/.claude", "/w/.claude"]),
    ],
)
def test_r16_default_folders(environ: dict[str, str], folders: list[str]) -> None:
    assert default_folders(environ, HOME) == folders


def test_r16_a_folder_named_twice_is_one_root(tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    found = roots_of(
        [str(tmp_path), str(tmp_path / "projects"), str(tmp_path / "link"), str(tmp_path / "no")]
    )
    assert [(r.path, r.exists) for r in found] == [
        (str(tmp_path / "projects"), True),
        (str(tmp_path / "no"), False),
    ]


def test_r17_every_layout_and_nothing_else(tmp_path: Path) -> None:
    wanted = {
        "s/a.jsonl",
        "s/agent-x.jsonl",
        "s/a/subagents/agent-x.jsonl",
        "s/a/subagents/workflows/w/agent-y.jsonl",
    }
    sidecar = "s/a/subagents/agent-x.meta.json"
    others = {"s/a/subagents/workflows/w/journal.jsonl", "s/sessions-index.json", "s/a/tool-results/x.txt"}
    for relative in (*wanted, sidecar, *others):
        path = tmp_path / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [f for f in walk(roots_of([str(tmp_path)])[0]) if isinstance(f, FoundFile)]
    assert {f.relative for f in found if f.kind == "transcript"} == wanted
    assert {f.relative for f in found if f.kind == "sidecar"} == {sidecar}


def test_loops_end_and_pipes_are_told(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "loop").symlink_to(tmp_path)
    (tmp_path / "deep" / "a.jsonl").touch()
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    found = list(walk(roots_of([str(tmp_path)])[0]))
    assert [f.relative for f in found if isinstance(f, FoundFile)] == ["deep/a.jsonl"]
    assert {Path(f.path).name for f in found if isinstance(f, Unreadable)} == {"pipe.jsonl", "gone.jsonl"}


def test_a_name_that_is_not_utf_8_can_be_stored_and_opened(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff%.jsonl")).write_bytes(b"x")
    (found,) = walk(roots_of([str(tmp_path)])[0])
    assert isinstance(found, FoundFile)
    assert found.path.endswith("/%FF%25.jsonl")
    assert Path(found.location).read_bytes() == b"x"
