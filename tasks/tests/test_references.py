"""Slugs, kinds of documents, phases, and everything front matter points to."""

import pytest

from tasks.parsers import references as r


@pytest.mark.parametrize(
    ("text", "slug", "canonical", "version"),
    [
        ("Export Orders v1", "export-orders-v1", "export-orders", "1"),
        ("export-orders-v1.5", "export-orders-v1.5", "export-orders", "1.5"),
        ("export-orders-v1-5", "export-orders-v1.5", "export-orders", "1.5"),
        ("PRD-001-scoring", "prd-001-scoring", "prd-001-scoring", ""),
        ("v2-rewrite", "v2-rewrite", "v2-rewrite", ""),
    ],
)
def test_slugs_have_one_spelling(text: str, slug: str, canonical: str, version: str) -> None:
    assert (r.slug_of(text), r.canonical_slug(text), r.version_of(text)) == (slug, canonical, version)


@pytest.mark.parametrize(
    "word", ["docs", "all-phases", "phase-3-progress", "phase-2-4", "v1", "12", "README"]
)
def test_words_that_name_no_feature(word: str) -> None:
    assert not r.is_feature_like(word)


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        (".claude/progress/export-orders/phase-1-progress.md", "export-orders"),
        (".claude/progress/quick-features/dark-header.md", "dark-header"),
        ("docs/project_plans/PRDs/features/export-orders-v1.md", "export-orders-v1"),
        (
            "docs/project_plans/implementation_plans/features/export-orders-v1/phase-1-writer.md",
            "export-orders-v1",
        ),
        (
            "docs/project_plans/implementation_plans/harden-polish/export-orders-v1/README.md",
            "export-orders-v1",
        ),
        ("docs/project_plans/reports/phase-1.md", ""),
        ("README.md", ""),
    ],
)
def test_paths_name_features(path: str, slug: str) -> None:
    assert r.feature_of_path(path) == slug


@pytest.mark.parametrize(
    ("said", "path", "kind"),
    [
        ("prd", "x.md", "prd"),
        ("implementation-report", "x.md", "report"),
        ("quick feature progress", "x.md", "progress"),
        ("phase plan", "x.md", "phase_plan"),
        (None, "docs/project_plans/PRDs/a/x.md", "prd"),
        (None, "docs/project_plans/implementation_plans/a/phase-1-x.md", "phase_plan"),
        (None, "docs/project_plans/SPIKEs/x.md", "spike"),
        ("feat", "docs/plans/x.md", "implementation_plan"),
        (7, "x.md", "document"),
    ],
)
def test_kinds_of_documents(said: object, path: str, kind: str) -> None:
    assert r.doc_type_of(said, path) == kind


@pytest.mark.parametrize(
    ("said", "doc_type", "path", "subtype"),
    [
        ("quick_feature", "progress", "a/x.md", "progress_quick_feature"),
        (None, "progress", "progress/a/phase-1-progress.md", "progress_phase"),
        (None, "progress", "progress/a/all-phases-progress.md", "progress_all_phases"),
        (None, "progress", "progress/a/notes.md", "progress_other"),
        (None, "spec", "design-specs/x.md", "design_spec"),
        (None, "document", "bugs/x.md", "bug_doc"),
        ("technical_spec", "spec", "x.md", "technical_spec"),
        (None, "prd", "x.md", "prd"),
    ],
)
def test_finer_kinds(said: object, doc_type: str, path: str, subtype: str) -> None:
    assert r.doc_subtype_of(said, doc_type, path) == subtype


@pytest.mark.parametrize(
    ("said", "path", "token"),
    [
        (3, "x.md", "3"),
        ("3.10", "x.md", "3.10"),
        ("Phase 03", "x.md", "3"),
        ("all", "x.md", "all"),
        (None, "phase-1-2-progress.md", "1-2"),
        (None, "phase_06.1_notes.md", "6.1"),
        (None, "all-phases-progress.md", "all"),
        (None, "notes.md", ""),
        (True, "notes.md", ""),
    ],
)
def test_phases_have_one_token(said: object, path: str, token: str) -> None:
    assert r.phase_of(said, path) == token


def test_phases_stand_in_the_order_of_their_numbers() -> None:
    assert sorted(["10", "all", "2", "3.5", "3"], key=r.phase_order) == ["2", "3", "3.5", "10", "all"]


def test_cited_paths_are_relative_to_the_project() -> None:
    citing = "docs/plans/features/a.md"
    cited = [r.cited_path(p, citing) for p in ("../b.md", "./c.md", "d.md", "/docs/e.md", "../../../../f.md")]
    assert cited == [
        "docs/plans/b.md",
        "docs/plans/features/c.md",
        "docs/plans/features/d.md",
        "docs/e.md",
        "f.md",
    ]


def test_everything_front_matter_points_to() -> None:
    found = r.references_of(
        {
            "prd": "docs/PRDs/features/export-orders-v1.md",
            "related-documents": [{"path": "/docs/a.md"}, "free text / with slash"],
            "plan_ref": None,
            "request_log_id": "REQ-20260101",
            "git_commit_hashes": [{"hash": "1A2B3C4D"}, "feedface", "1234567"],
            "pr_refs": ["#12", "https://example.org/pull/7", 3],
            "files_modified": ["src/a.py", "a b"],
            "sessions": "abc",
            "notes": "see docs/b.md please",
            "elsewhere": {"deep": ["docs/c.md"]},
            "tasks": [{"files": ["docs/not-this.md"]}],
        },
        "docs/x.md",
    )
    assert found.prds == ("export-orders-v1",)
    assert found.paths == ("docs/a.md", "docs/PRDs/features/export-orders-v1.md", "docs/c.md")
    assert found.commits == ("1a2b3c4d",)
    assert found.pull_requests == ("12", "7", "3")
    assert (found.requests, found.files, found.sessions) == (("REQ-20260101",), ("src/a.py",), ("abc",))
