"""Whatever stands in a file, it is read as far as it goes, and what comes of it fits the tables."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.models import Document, ProjectTask
from tasks.parsers.assembly import assemble
from tasks.parsers.documents import PlanFile
from tasks.parsers.front_matter import read_front_matter
from tasks.parsers.layouts.registry import LAYOUTS
from tasks.parsers.records import ParsedDocument
from tasks.tests.plans import SAMPLES, add, sync, write

_KEYS = """
    status title phase plan tasks id prd feature_slug related progress started completed owners story_points parent type
    depends_on lineage_parent commit_refs pr_refs development_status epic-1 1-1-x tags
"""
KEYS = _KEYS.split()
WORDS = st.one_of(
    st.sampled_from(
        [
            "done",
            "1.5",
            "9" * 5000,
            "2026-01-01T00:00Z",
            "../x.md",
            "[a, {b: c}]",
            "|",
            "`x`",
            '"\\0"',
            "~",
            "&a [*a]",
        ]
    ),
    st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=30),
)
LINES = st.builds(lambda pad, key, value: f"{pad}{key}: {value}", st.sampled_from(["", "- ", "  ", "    "]),
                  st.sampled_from(KEYS), WORDS)  # fmt: skip
PATHS = [
    ".planning/phases/01-a/01-01-PLAN.md",
    ".planning/phases/01-a/01-01-SUMMARY.md",
    ".planning/ROADMAP.md",
    "_bmad-output/sprint-status.yaml",
    "_bmad-output/stories/1-1-a.md",
    "_bmad-output/epics.md",
    ".claude/progress/a-b/phase-1-progress.md",
    "docs/project_plans/PRDs/features/a-b-v1.md",
    "docs/plans/a-b.md",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=12), st.text(max_size=60))
def test_no_content_makes_a_layout_raise(lines: list[str], body: str) -> None:
    block = "\n".join(lines)
    found = []
    for path in PATHS:
        text = block if path.endswith(".yaml") else f"---\n{block}\n---\n{body}"
        for layout in LAYOUTS:
            document = layout.parse(PlanFile(path, text.encode("utf-8", "replace")))
            assert ParsedDocument.from_json(document.as_json()) == document
            found.append(document)
    for layout in LAYOUTS:
        assemble([d for d in found if d.layout == layout.NAME], "always")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(p for p in SAMPLES.rglob("*") if p.is_file())), st.data())
def test_a_torn_file_is_read_as_far_as_it_goes(sample: Path, data: st.DataObject) -> None:
    raw = sample.read_bytes()
    cut = data.draw(st.integers(0, len(raw)))
    for layout in LAYOUTS:
        layout.parse(PlanFile(sample.name, raw[:cut]))


def test_no_nul_comes_out_of_an_escape() -> None:
    assert read_front_matter('---\n"k\\0": "a\\0b"\n---\n').values == {"k\ufffd": "a\ufffdb"}


@pytest.mark.django_db
def test_what_is_far_too_long_is_cut_to_fit(tmp_path: Path) -> None:
    long = "x" * 3000
    fields = "title status owner priority category phase feature_slug feature_family phase_title".split()  # noqa: SIM905
    task = "id title status assigned_to priority model estimated_effort actual_effort phase".split()  # noqa: SIM905
    text = "\n".join(
        [
            "---",
            *(f"{f}: {long}" for f in fields),
            "tasks:",
            *(f"{'- ' if f == 'id' else '  '}{f}: {long}" for f in task),
        ]
    )
    names = [p for p in PATHS if p.endswith(".md")]
    add(write(tmp_path, dict.fromkeys(names, text + f"\n---\n# {long}\n- [ ] {long}\n")))
    sync()
    assert Document.objects.count() == len(names)
    assert ProjectTask.objects.exists()
