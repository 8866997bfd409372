"""Links in the database: found by evidence, kept where a person decided, made again only where something changed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from sessions.models import AgentSession, DirtyQuarter, Project
from sessions.tests.samples import (
    CWD,
    agent_path,
    answer,
    append,
    at,
    at_ms,
    call,
    line,
    lines,
    main_path,
    prompt,
    reply,
    side,
    uid,
    write,
)
from tasks.link_explanation import explanation
from tasks.link_rows import link_key
from tasks.linking import LinkReport, link_all, link_due, mark_due, mark_plans_due
from tasks.models import Document, Feature, Link, LinkDue, Phase, PlanRoot, ProjectTask, ServedSpan
from telemetry_site.pipeline import sync

pytestmark = pytest.mark.django_db

PLAN = "docs/project_plans/implementation_plans/features/passkey-login-v1.md"
PLANS = {
    PLAN: """---
title: Passkey login
doc_type: implementation_plan
feature_slug: passkey-login-v1
started: 2026-03-01
---
""",
    ".claude/progress/passkey-login-v1/phase-1-progress.md": """---
type: progress
phase: 1
started: 2026-03-01
files_modified: [src/keys.py]
tasks:
  - {id: PK-001, title: Keys, status: completed, commit_refs: [3f2a9c1d5e]}
---
""",
    ".claude/progress/passkey-login-v1/phase-2-progress.md": """---
type: progress
phase: 2
---
""",
}
COMMAND = f"<command-name>/dev:execute-phase</command-name><command-args>1 {PLAN}</command-args>"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def session_lines() -> list[dict[str, Any]]:
    """A session that is told to carry out phase 1, writes a file and commits it."""
    return [
        prompt("p1", 0, text=COMMAND),
        reply(
            "r1",
            1,
            stop="tool_use",
            blocks=[call("toolu_1", "Write", file_path=f"{CWD}/src/keys.py", content="x")],
        ),
        answer("a1", 2, "toolu_1"),
        reply("r2", 3, stop="tool_use", blocks=[call("toolu_2", "Bash", command="git commit -m keys")]),
        answer("a2", 4, "toolu_2", detail={"stdout": "[main 3f2a9c1d] keys", "stderr": ""}),
        reply("r3", 5),
    ]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a session for its plan, one for nothing, and a subagent of the first."""
    helper = [
        side(prompt("h1", 2.5, text="Look at the keys", cwd=CWD), "help"),
        side(reply("h2", 3), "help"),
    ]
    other = [prompt("o1", 100, "b", text="What is the weather?"), reply("o2", 101, "b")]
    write(
        tmp_path,
        {
            main_path(): lines(session_lines()),
            main_path("b"): lines(other),
            agent_path("help"): lines(helper),
        },
    )
    sync([tmp_path])
    return AgentSession.objects.get(public_id=uid("a")).project or pytest.fail("the session has no project")


@pytest.fixture
def feature(project: Project, tmp_path: Path) -> Feature:
    """A feature with two phases, a task that names the commit, and a plan; nothing is linked yet."""
    for path, text in PLANS.items():
        (tmp_path / "repo" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repo" / path).write_text(text)
    PlanRoot.objects.create(project=project, path=str(tmp_path / "repo"), origin="manual")
    sync([tmp_path])
    # Syncing links; what the tests look at is how.
    Link.objects.all().delete()
    ServedSpan.objects.all().delete()
    return Feature.objects.get()


def of(session: str = "a") -> AgentSession:
    return AgentSession.objects.get(public_id=uid(session))


def helper() -> AgentSession:
    return AgentSession.objects.get(agent_id="help")


def ends(session: AgentSession) -> set[tuple[str | None, str | None, str | None, str | None, str]]:
    """What a session is linked to: slug, phase, task, document, commit."""
    rows = Link.objects.filter(session=session)
    names = ("feature__slug", "phase__token", "task__raw_id", "document__project_path", "commit")
    return set(rows.values_list(*names))


def stored() -> list[tuple[Any, ...]]:
    return [
        *Link.objects.order_by("id").values_list(),
        *ServedSpan.objects.order_by("id").values_list(),
    ]


def test_a_session_is_linked_to_all_it_served(feature: Feature) -> None:
    link_all()
    slug = feature.slug
    assert ends(of()) == {
        (slug, None, None, None, ""),
        (slug, "1", None, None, ""),
        (slug, "1", "PK-001", None, ""),
        (slug, "1", "PK-001", None, "3f2a9c1d"),
        (None, None, None, PLAN, ""),
    }
    assert ends(of("b")) == set()


def test_the_main_link_is_the_most_exact_one(feature: Feature) -> None:
    link_all()
    main = Link.objects.get(session=of(), is_primary=True)
    assert (main.feature, main.phase and main.phase.token) == (feature, "1")
    assert main.origin == "auto" and main.state == "linked"
    assert main.confidence > 0.95


def test_evidence_leads_to_the_lines_that_say_it(feature: Feature) -> None:
    link_all()
    told = {e["kind"]: e for e in Link.objects.get(session=of(), phase__token="1", task=None).evidence}
    assert set(told) >= {"command_path", "commit_ref", "scope_written"}
    seqs = {e.at_ms: e.seq for e in of().entries.all()}
    assert told["command_path"]["seq"] == seqs[at_ms(0)]
    assert told["scope_written"]["seq"] == seqs[at_ms(1)]
    assert told["command_path"]["at"] == at(0)
    assert told["command_path"]["detail"] == f"/dev:execute-phase {PLAN}"


def test_every_response_has_one_place(feature: Feature) -> None:
    link_all()
    [span] = ServedSpan.objects.filter(session=of())
    assert (span.from_ms, span.feature, span.phase and span.phase.token) == (at_ms(0), feature, "1")
    assert not ServedSpan.objects.filter(session=of("b")).exists()


def test_usage_is_counted_anew_where_the_course_changed(feature: Feature) -> None:
    ServedSpan.objects.all().delete()
    DirtyQuarter.objects.all().delete()
    link_all()
    quarters = set(DirtyQuarter.objects.values_list("quarter", flat=True))
    assert quarters == set(of().own_responses.values_list("quarter", flat=True))
    DirtyQuarter.objects.all().delete()
    link_all()
    assert not DirtyQuarter.objects.exists()


def test_a_subagent_inherits_what_its_trunk_served_then(feature: Feature) -> None:
    link_all()
    main = Link.objects.get(session=helper(), is_primary=True)
    trunk = Link.objects.get(session=of(), is_primary=True)
    assert (main.feature_id, main.phase_id, main.strategy) == (trunk.feature_id, trunk.phase_id, "inherited")
    assert 0.6 < main.confidence < trunk.confidence
    assert ServedSpan.objects.get(session=helper()).phase == trunk.phase


def test_linking_twice_writes_nothing(feature: Feature) -> None:
    first = link_all()
    before = stored()
    assert first == LinkReport(sessions=3, written=first.written, removed=0)
    assert link_all() == LinkReport(sessions=3, written=0, removed=0)
    assert link_due() == LinkReport(sessions=0, written=0, removed=0)
    assert stored() == before


def test_only_what_changed_is_looked_at(feature: Feature, tmp_path: Path) -> None:
    link_all()
    append(tmp_path, main_path("b"), line(prompt("o3", 200, "b", text="And passkey-login?")))
    sync([tmp_path])
    mark_due([of("b").id])
    assert link_due().sessions == 1
    assert ends(of("b")) == {(feature.slug, None, None, None, "")}


def test_subagents_are_due_when_their_trunk_moves(feature: Feature) -> None:
    link_all()
    ProjectTask.objects.update(removed_at=NOW)
    Phase.objects.filter(token="1").update(removed_at=NOW)
    mark_due([of().id])
    assert link_due().sessions == 2
    assert Link.objects.get(session=helper(), is_primary=True).phase is None


def test_plans_make_sessions_due_only_when_they_are_recognised_by_something_else(
    project: Project, feature: Feature
) -> None:
    mark_plans_due([project.id])
    link_due()
    feature.status = "done"
    feature.name = "Log in with a passkey"
    feature.save()
    assert mark_plans_due([project.id]) == 0
    feature.aliases = ["login"]
    feature.save()
    assert mark_plans_due([project.id]) == 3
    assert LinkDue.objects.count() == 3


def test_a_document_that_only_cites_a_feature_does_not_stand_for_it(feature: Feature) -> None:
    Document.objects.update(facts={"roadmap": []})
    Phase.objects.all().delete()
    assert link_all().written == Link.objects.count()
    assert not Link.objects.filter(strategy="command_path").exists()


def test_links_go_when_their_evidence_goes(feature: Feature) -> None:
    link_all()
    feature.removed_at = NOW
    feature.save()
    report = link_all()
    assert report.removed == Link.objects.count() + report.removed > 0
    assert not ServedSpan.objects.exists()


def test_a_session_can_change_what_it_was_mainly_for(feature: Feature, tmp_path: Path) -> None:
    link_all()
    again = COMMAND.replace("1 docs", "2 docs")
    append(tmp_path, main_path(), line(prompt("p2", 50, text=again)) + line(reply("r4", 51)))
    sync([tmp_path])
    mark_due([of().id])
    link_due()
    assert [s.phase and s.phase.token for s in ServedSpan.objects.filter(session=of())] == ["1", "2"]
    assert Link.objects.filter(session=of(), is_primary=True).count() == 1


def manual(feature: Feature, state: str, phase: Phase | None = None, **more: Any) -> Link:
    key = link_key(of().id, feature.id, phase.id if phase else None, None, None, "")
    more = {"confidence": 1.0, "origin": "manual", "state": state} | more
    return Link.objects.create(id=key, session=of(), feature=feature, phase=phase, **more)


def test_what_a_person_unlinked_stays_unlinked(feature: Feature) -> None:
    made = manual(feature, "unlinked")
    link_all()
    assert set(Link.objects.filter(session=of()).exclude(feature=None)) == {made}
    made.refresh_from_db()
    assert (made.state, made.origin, made.confidence) == ("unlinked", "manual", 1.0)
    assert not ServedSpan.objects.filter(session=of()).exists()
    assert not Link.objects.filter(session=helper(), strategy="inherited").exists()


def test_a_pinned_link_is_the_main_one_and_claims_what_nothing_else_does(feature: Feature) -> None:
    pinned = Feature.objects.create(
        project=feature.project, slug="other", canonical_slug="other", first_seen_at=NOW
    )
    made = Link.objects.create(
        id=link_key(of("b").id, pinned.id, None, None, None, ""),
        session=of("b"),
        feature=pinned,
        confidence=1.0,
        origin="manual",
        state="pinned",
        is_primary=True,
    )
    link_all()
    assert list(Link.objects.filter(session=of("b"))) == [made]
    [span] = ServedSpan.objects.filter(session=of("b"))
    assert (span.from_ms, span.feature) == (at_ms(100), pinned)


def test_a_person_can_name_the_main_link_among_those_found(feature: Feature) -> None:
    second = Phase.objects.get(token="2")
    made = manual(feature, "pinned", second, is_primary=True)
    link_all()
    assert Link.objects.get(session=of(), is_primary=True) == made
    assert Link.objects.filter(session=of(), origin="auto").exists()


def test_a_plan_of_another_project_is_never_linked(feature: Feature) -> None:
    feature.project = Project.objects.create(key="/elsewhere", slug="elsewhere", name="Elsewhere")
    feature.save()
    ProjectTask.objects.update(project=feature.project)
    Document.objects.update(project=feature.project)
    assert link_all().written == 0


def test_a_session_has_one_main_link_at_most(feature: Feature) -> None:
    link_all()
    with pytest.raises(IntegrityError, match=r"primary|session_id"), transaction.atomic():
        Link.objects.filter(session=of()).update(is_primary=True)


BROKEN = [
    ({"confidence": 1.5}, "link_confidence_is_a_probability"),
    ({"feature": None}, "link_leads_somewhere"),
    ({"state": "unlinked", "is_primary": True}, "link_primary_is_linked"),
]


@pytest.mark.parametrize(("change", "name"), BROKEN)
def test_what_a_link_can_never_be(feature: Feature, change: dict[str, Any], name: str) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Link.objects.create(
            **{"id": 1, "session": of(), "feature": feature, "confidence": 0.5, "is_primary": False} | change
        )


def test_the_number_of_questions_does_not_grow_with_sessions(feature: Feature) -> None:
    link_all()
    mark_due([of("b").id])
    with CaptureQueriesContext(
        connection,
    ) as one:
        link_due()
    mark_due(AgentSession.objects.values_list("id", flat=True))
    with CaptureQueriesContext(connection) as three:
        link_due()
    assert len(three) <= len(one) + 4  # subagents look up their trunk, evidence its entries


def test_a_run_that_dies_leaves_its_marks(feature: Feature, monkeypatch: pytest.MonkeyPatch) -> None:
    Link.objects.all().delete()
    mark_due([of().id])

    def die(*_: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("tasks.linking._write_spans", die)
    with pytest.raises(RuntimeError):
        link_due()
    monkeypatch.undo()
    assert not Link.objects.exists()
    assert link_due().sessions >= 1
    assert Link.objects.exists()


def test_an_explanation_names_candidates_rules_and_weights(feature: Feature) -> None:
    told = "\n".join(explanation(of()))
    assert "passkey-login-v1, phase 1  (main link" in told
    assert (
        f"0.920  command_path: a slash command was given the plan's path [/dev:execute-phase {PLAN}]" in told
    )
    assert "from 2026-03-01 10:00:00  passkey-login-v1, phase 1" in told
    assert "Nothing in this session points to a plan" in "\n".join(explanation(of("b")))


def test_the_command_links_and_explains(feature: Feature, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("link")
    assert "3 sessions looked at; " in capsys.readouterr().out
    call_command("link", "--explain", uid("a")[:8])
    assert "passkey-login-v1" in capsys.readouterr().out
    with pytest.raises(CommandError, match="No session begins with 'zzz'"):
        call_command("link", "--explain", "zzz")
