"""Each layout by its sample: what is a feature, a phase, a task, and how far each is."""

from pathlib import Path

import pytest

from tasks.parsers.assembly import assemble
from tasks.parsers.layouts.registry import LAYOUTS, layouts_of
from tasks.parsers.records import ParsedDocument, ParsedFeature, PlacedTask, PlanTree
from tasks.tests.plans import SAMPLES, parsed, progress_file, tree, write


def features(found: PlanTree) -> dict[str, ParsedFeature]:
    return {feature.slug: feature for feature in found.features}


def tasks(found: PlanTree) -> dict[tuple[str, str], PlacedTask]:
    return {(placed.feature, placed.task.id): placed for placed in found.tasks}


def test_every_layout_has_a_sample_that_is_read_by_it() -> None:
    for layout in LAYOUTS:
        documents = parsed(SAMPLES / layout.NAME.replace("-", "_"))
        assert documents
        assert {d.layout for d in documents} == {layout.NAME}


def test_what_is_written_down_reads_back_the_same() -> None:
    for layout in LAYOUTS:
        for document in parsed(SAMPLES / layout.NAME.replace("-", "_")):
            assert ParsedDocument.from_json(document.as_json()) == document


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        (["PRDs/features/a.md"], "prd-progress"),
        (["phases/01-a/01-01-PLAN.md", "STATE.md"], "gsd"),
        (["stories/sprint-status.yaml", "stories/1-1-a.md"], "bmad"),
        (["ideas/a.md"], "plain"),
    ],
)
def test_a_root_of_any_name_is_known_by_what_it_contains(paths: list[str], name: str) -> None:
    assert {layout.NAME for layout in layouts_of(paths).values()} == {name}


def test_a_whole_project_is_read_by_several_layouts() -> None:
    paths = [".planning/STATE.md", "docs/project_plans/PRDs/a.md", "README.md"]
    assert [layout.NAME for layout in layouts_of(paths).values()] == ["gsd", "prd-progress", "plain"]


# PRD and progress


def test_documents_of_one_feature_find_each_other_by_their_slugs() -> None:
    found = features(tree(SAMPLES / "prd_progress"))
    assert sorted(found) == ["dark-header", "export-orders-v1"]
    export = found["export-orders-v1"]
    assert len(export.documents) == 6  # the spike and the phase plan inside the plan's folder among them
    assert (export.name, export.family, export.owner, export.priority) == (
        "Export orders",
        "exports",
        "mira",
        "high",
    )
    assert export.aliases == ("export-orders",)
    assert (export.planned and export.planned.on, export.started and export.started.on) == (
        "2026-01-05",
        "2026-01-12",
    )


def test_phases_and_the_feature_are_as_far_as_their_files_say() -> None:
    export = features(tree(SAMPLES / "prd_progress"))["export-orders-v1"]
    assert [(p.token, p.title, p.status, p.claimed_progress) for p in export.phases] == [
        ("1", "Writer", "done", 100),
        ("2", "Endpoint", "in-progress", None),
    ]
    assert (export.status, export.status_reason) == ("in-progress", "1 of 2 phases are done or deferred.")
    assert export.completed is None


def test_ids_repeat_across_files_without_colliding() -> None:
    found = [p for p in tree(SAMPLES / "prd_progress").tasks if p.task.id == "TASK-1.1"]
    assert [(p.phase, p.task.status) for p in found] == [("1", "done"), ("2", "blocked")]


def test_a_task_without_a_date_was_done_by_the_day_its_phase_was() -> None:
    found = tasks(tree(SAMPLES / "prd_progress"))
    own = found["export-orders-v1", "TASK-1.2"].task.completed
    assert own is not None
    assert (own.on, own.confidence, own.source) == ("2026-01-20", "medium", "document")
    assert found["export-orders-v1", "TASK-1.3"].task.completed is None  # put off, not finished


def test_a_finished_plan_finishes_its_feature_and_no_other(tmp_path: Path) -> None:
    plans = "docs/project_plans/implementation_plans/features"
    cited = f"related_documents: [{plans}/one-v1.md]"
    write(
        tmp_path,
        {
            f"{plans}/one-v1.md": "---\nstatus: completed\n---\n",
            f"{plans}/two-v1.md": f"---\nstatus: draft\n{cited}\n---\n",
        },
    )
    found = features(tree(tmp_path))
    assert {slug: f.status for slug, f in found.items()} == {"one-v1": "done", "two-v1": "backlog"}
    assert "says completed" in found["one-v1"].status_reason


def test_versions_are_features_of_their_own(tmp_path: Path) -> None:
    prds = "docs/project_plans/PRDs/features"
    write(
        tmp_path,
        {
            f"{prds}/merge-v1.md": "---\nfeature_slug: merge\n---\n",
            f"{prds}/merge-v1.5.md": "---\nfeature_slug: merge-v1-5\n---\n",
            ".claude/progress/merge/phase-1-progress.md": progress_file("A done"),
            ".claude/progress/merge-v1.5/phase-1-progress.md": progress_file("A pending"),
        },
    )
    found = features(tree(tmp_path))
    assert {slug: f.status for slug, f in found.items()} == {"merge-v1": "done", "merge-v1.5": "backlog"}


def test_progress_in_a_folder_of_another_name_follows_the_plan_it_cites(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "docs/project_plans/PRDs/features/export-orders-v1.md": "# Export\n",
            ".claude/progress/csv-work/phase-1-progress.md": progress_file("A done", prd="export-orders-v1"),
        },
    )
    (found,) = tree(tmp_path).features
    assert (found.slug, "csv-work" in found.aliases, found.status) == ("export-orders-v1", True, "done")


def test_tasks_of_a_file_about_all_phases_go_to_their_own(tmp_path: Path) -> None:
    text = progress_file("A done phase: 1", "B pending phase: 2")
    write(tmp_path, {".claude/progress/export/all-phases-progress.md": text})
    (found,) = tree(tmp_path).features
    assert [(p.token, p.status) for p in found.phases] == [("1", "done"), ("2", "backlog")]


def test_lineage_is_known_from_both_ends(tmp_path: Path) -> None:
    prds = "docs/project_plans/PRDs/features"
    write(
        tmp_path, {f"{prds}/old-v1.md": "# Old\n", f"{prds}/new-v1.md": "---\nlineage_parent: old-v1\n---\n"}
    )
    found = features(tree(tmp_path))
    assert found["new-v1"].lineage == {"parent": ("old-v1",)} or found["new-v1"].lineage == {
        "parent": ["old-v1"]
    }
    assert found["old-v1"].lineage == {"children": ["new-v1"]}


def test_the_order_of_files_does_not_matter() -> None:
    for layout in LAYOUTS:
        documents = parsed(SAMPLES / layout.NAME.replace("-", "_"))
        assert assemble(documents) == assemble(documents[::-1])


# GSD


def test_a_plan_is_done_when_its_summary_exists() -> None:
    found = tasks(tree(SAMPLES / "gsd"))
    done, still = found["08-payments", "08-01"].task, found["08-payments", "08-02"].task
    assert (done.status, done.title) == ("done", "Store cards with the provider, never here.")
    assert done.completed and (done.completed.on, done.completed.source) == ("2026-02-07", "summary")
    assert (done.effort_raw, done.files) == ("7min", ("src/payments/card.ts", "src/payments/vault.ts"))
    assert (still.status, still.title, still.dependencies) == ("backlog", "Charge a stored card", ("01",))


def test_a_summary_without_a_plan_stands_for_it() -> None:
    found = tasks(tree(SAMPLES / "gsd"))["08.1-refunds", "08.1-01"].task
    assert (found.status, found.title) == ("done", "Partial Refunds")


def test_phases_come_from_folders_and_the_roadmap() -> None:
    found = features(tree(SAMPLES / "gsd"))
    assert {slug: (f.name, f.status, f.family) for slug, f in found.items()} == {
        "006-dark-mode": ("Dark mode", "backlog", ""),
        "08-payments": ("Card payments", "in-progress", "Milestone 1: First sale"),
        "08.1-refunds": ("Refunds", "done", "Milestone 1: First sale"),
        "9-invoices": ("Invoices", "backlog", "Milestone 1: First sale"),  # the archived roadmap is silent
    }
    assert [p.token for f in found.values() for p in f.phases] == ["8", "8.1", "9"]
    assert "phase-8" in found["08-payments"].aliases


# BMAD


def test_the_board_is_believed_over_the_story() -> None:
    found = tasks(tree(SAMPLES / "bmad"))
    assert {key: p.task.status for key, p in found.items()} == {
        ("epic-1", "1-1-sign-in"): "done",
        ("epic-1", "1-2-sign-out"): "review",
        ("epic-2", "2-1-search"): "backlog",
    }
    assert found["epic-1", "1-2-sign-out"].task.title == "Sign out everywhere"
    assert found["epic-1", "1-2-sign-out"].document.endswith("1-2-sign-out.md")


def test_without_a_board_a_story_speaks_for_itself(tmp_path: Path) -> None:
    write(tmp_path, {"_bmad-output/stories/1-2-sign-out.md": "# Story 1.2: Sign out\n\n**Status:** Done\n"})
    (placed,) = tree(tmp_path).tasks
    assert (placed.task.status, placed.task.status_raw, placed.feature) == ("done", "Done", "epic-1")


def test_epics_have_the_names_of_the_planning_document() -> None:
    found = features(tree(SAMPLES / "bmad"))
    assert {slug: (f.name, f.status) for slug, f in found.items()} == {
        "epic-1": ("Accounts", "review"),
        "epic-2": ("Catalogue", "backlog"),
    }


# Plain


def test_a_plan_without_a_layout_is_a_feature() -> None:
    found = features(tree(SAMPLES / "plain"))
    assert {slug: f.status for slug, f in found.items()} == {
        "rate-limits": "deferred",
        "retry-queue-plan": "in-progress",
    }
    assert "retry-queue" in found["retry-queue-plan"].aliases
    assert [Path(d).name for d in found["retry-queue-plan"].documents] == [
        "2026-06-21-001-retry-queue-plan.md",
        "2026-06-20-what-fails-requirements.md",  # which the plan cites
    ]


def test_check_list_items_count_where_there_is_no_task_list() -> None:
    found = tree(SAMPLES / "plain")
    assert found.checklists_count
    assert [(p.task.id, p.task.status) for p in found.tasks] == [
        ("choose-a-store", "done"),
        ("write-the-worker", "backlog"),
        ("write-the-worker", "backlog"),
    ]


@pytest.mark.parametrize(("choice", "lists", "items"), [("auto", 6, 0), ("always", 6, 2), ("never", 6, 0)])
def test_the_choice_decides_elsewhere(choice: str, lists: int, items: int) -> None:
    found = tree(SAMPLES / "prd_progress", choice).tasks
    kinds = [p.task.kind for p in found]
    assert (kinds.count("task"), kinds.count("checklist")) == (lists, items)


def test_no_item_counts_where_somebody_chose_so() -> None:
    assert tree(SAMPLES / "plain", "never").tasks == ()
