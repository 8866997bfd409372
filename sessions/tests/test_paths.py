"""One project, however its path is written."""

import pytest

from sessions.parsers.paths import folder_slug, place_of, slug_place

PLACES = {
    "/home/ada/engine": ("/home/ada/engine", "engine", ""),
    "/home/ada/engine/": ("/home/ada/engine", "engine", ""),
    "/home/ada/engine/.claude/worktrees/fix": ("/home/ada/engine", "engine", "fix"),
    "/home/ada/engine/.claude/worktrees/fix/src": ("/home/ada/engine", "engine", "fix"),
    "C:\\Work\\Engine": ("c:/work/engine", "Engine", ""),
    "c:/work/engine": ("c:/work/engine", "engine", ""),
    "/mnt/c/Work/Engine": ("c:/work/engine", "Engine", ""),
    "C:\\Work\\Engine\\.claude\\worktrees\\fix": ("c:/work/engine", "Engine", "fix"),
    "/Mnt/c": ("/Mnt/c", "c", ""),
    "/": ("/", "/", ""),
}


@pytest.mark.parametrize(("cwd", "place"), PLACES.items())
def test_places(cwd: str, place: tuple[str, str, str]) -> None:
    found = place_of(cwd)
    assert (found.key, found.name, found.worktree) == place


def test_case_tells_projects_apart_where_the_file_system_does() -> None:
    assert place_of("/home/ada/Engine").key != place_of("/home/ada/engine").key


def test_folder_names() -> None:
    assert folder_slug("/home/ada/my_engine.v2") == "-home-ada-my-engine-v2"
    assert folder_slug("C:\\Work") == "C--Work"
    found = slug_place("-home-ada-engine--claude-worktrees-fix")
    assert (found.key, found.name, found.worktree) == ("slug:-home-ada-engine", "engine", "fix")
