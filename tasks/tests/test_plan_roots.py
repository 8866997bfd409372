"""Where plans are found, and whose they are."""

from pathlib import Path

import pytest

from sessions.models import Project
from tasks.discovery import survey_plans
from tasks.models import Document, PlanRoot
from tasks.tests.plans import LATER, NOW, add, sync, write

pytestmark = pytest.mark.django_db

PLAN = {"docs/plans/retry-queue.md": "# Retry queue\n"}


def project(folder: Path, name: str = "shop") -> Project:
    return Project.objects.create(key=str(folder), slug=name, name=name, root_path=str(folder))


def roots() -> list[tuple[str, str]]:
    return list(PlanRoot.objects.order_by("path").values_list("path", "origin"))


@pytest.mark.parametrize(
    "folder", ["docs/project_plans", ".claude/progress", "docs/plans", ".planning", "_bmad-output"]
)
def test_the_usual_folders_of_a_project_are_found(tmp_path: Path, folder: str) -> None:
    write(tmp_path, {f"{folder}/retry-queue.md": "# Retry queue\n", "notes/other.md": "# Other\n"})
    project(tmp_path)
    sync()
    assert roots() == [(str(tmp_path / folder), "auto")]
    assert [d.project_path for d in Document.objects.all()] == [f"{folder}/retry-queue.md"]


def test_a_project_without_a_folder_on_this_machine_has_no_plans() -> None:
    for number, path in enumerate(["", "/nowhere/at/all", "relative/path", "C:\\work\\shop"]):
        Project.objects.create(key=f"k{number}", slug=f"s{number}", name=f"n{number}", root_path=path)
    assert survey_plans(NOW).is_empty


def test_folders_full_of_other_peoples_markdown_are_left_out(tmp_path: Path) -> None:
    names = [
        "a.md",
        "node_modules/x/b.md",
        ".git/c.md",
        ".venv/d.md",
        ".claude/agents/e.md",
        ".claude/progress/f/g.md",
    ]
    write(tmp_path, dict.fromkeys(names, "# Text\n"))
    add(tmp_path)
    sync()
    assert sorted(Document.objects.values_list("path", flat=True)) == [".claude/progress/f/g.md", "a.md"]


def test_a_folder_named_by_hand_belongs_to_the_project_that_holds_it(tmp_path: Path) -> None:
    known = project(write(tmp_path, {"notes/plan.md": "# Plan\n"}))
    assert add(tmp_path / "notes").project == known
    sync()
    assert Document.objects.get().project_path == "notes/plan.md"


def test_the_deepest_project_holds_a_folder(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    write(inner, PLAN)
    project(tmp_path, "outer")
    assert add(inner / "docs/plans").project.name == "outer"
    PlanRoot.objects.all().delete()
    project(inner, "inner")
    assert add(inner / "docs/plans").project.name == "inner"


def test_a_folder_nobody_holds_makes_a_project_of_its_name(tmp_path: Path) -> None:
    write(tmp_path / "shop", PLAN)
    root = add(tmp_path / "shop" / "docs" / "plans")
    assert (root.project.name, root.project.root_path) == ("shop", str(tmp_path / "shop"))
    assert root.origin == "manual"
    sync()
    assert roots() == [(str(tmp_path / "shop/docs/plans"), "manual")]


def test_a_name_finds_a_project_or_makes_one(tmp_path: Path) -> None:
    write(tmp_path, PLAN)
    known = Project.objects.create(key="elsewhere", slug="acme-shop", name="Acme Shop")
    assert add(tmp_path, "Acme Shop").project == known
    assert add(tmp_path, "acme-shop").project == known
    made = add(tmp_path, "Another").project
    assert (made.name, made.slug, made.root_path) == ("Another", "another", str(tmp_path))
    beside = add(tmp_path, "A third").project
    assert (beside.key, beside.root_path) == ("plans:A third", "")


def test_naming_a_folder_twice_keeps_one_root(tmp_path: Path) -> None:
    project(write(tmp_path, PLAN))
    sync()
    add(tmp_path / "docs/plans")
    add(tmp_path / "docs/plans")
    assert roots() == [(str(tmp_path / "docs/plans"), "manual")]


def test_roots_inside_each_other_read_each_file_once(tmp_path: Path) -> None:
    project(write(tmp_path, {**PLAN, "other.md": "# Other\n"}))
    sync()
    add(tmp_path)
    sync(LATER)
    assert sorted(Document.objects.values_list("project_path", flat=True)) == [
        "docs/plans/retry-queue.md",
        "other.md",
    ]


def test_a_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="There is no folder /nowhere/at/all"):
        add(Path("/nowhere/at/all"))


def test_what_cannot_be_looked_into_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = add(write(tmp_path, {"inner/plan.md": "# Plan\n", "a.md": "# A\n"}))
    sync()
    real = __import__("os").scandir

    def refusing(path: str) -> object:
        if path == str(Path(root.path) / "inner"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("sessions.parsers.discovery.os.scandir", refusing)
    survey = survey_plans(LATER)
    assert survey.is_empty
    assert [item.reason for item in survey.roots[0].unreadable] == ["Permission denied"]
