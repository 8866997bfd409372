"""Rollups of days are exact after any history, in every zone, for every dimension, and count a session once."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics.days import answers
from analytics.days.answers import (
    session_counts,
    tool_totals,
    tools_by_name,
    usage_by_bucket,
    usage_by_name,
    usage_of,
    usage_totals,
)
from analytics.days.querysets import TOOL_DIMENSIONS, USAGE_DIMENSIONS
from analytics.days.rollup import differing_days, packed, runs_of, unpacked
from analytics.days.times import Durations, call_times, call_times_by_bucket
from analytics.models import DailyToolTimes, DailyToolUsage, DailyUsage, SessionReturn
from analytics.periods import EPOCH, BucketKind, Period, buckets, quarter_of
from analytics.querysets import WORK_DIMENSIONS
from analytics.rollups import differing_quarters, roll_up
from sessions.ingest import mark_dirty
from sessions.models import AgentSession, ModelResponse, Project, ToolCall
from sessions.parsers.pricing import model_family
from sessions.scope import only
from telemetry_site.tests.length import times

pytestmark = pytest.mark.django_db

FIRST = EPOCH + timedelta(days=20_000)
MODELS = ("claude-opus-4-5-20251101", "claude-opus-5", "claude-haiku-4-5-20251001")
TOOLS = (("Read", "file"), ("Bash", "command"))
ZONES = ("UTC", "Asia/Kolkata", "Pacific/Auckland", "America/New_York")
moments = st.builds(
    lambda day, minute: FIRST + timedelta(days=day, minutes=minute), st.integers(0, 5), st.integers(0, 1439)
)
facts = st.tuples(
    st.integers(0, 3), moments, st.sampled_from(MODELS), st.sampled_from(TOOLS), st.integers(0, 900)
)
steps = st.lists(st.lists(facts, min_size=1, max_size=6), min_size=1, max_size=3)
periods = st.builds(
    lambda first, length, zone: Period(first, first + timedelta(minutes=length), ZoneInfo(zone)),
    moments,
    st.integers(1, 7000),
    st.sampled_from(ZONES),
)


def _sessions() -> list[AgentSession]:
    """Two main sessions of two projects, a subagent, and a session of no project."""
    one, two = (Project.objects.create(key=name, slug=name, name=name) for name in ("one", "two"))
    placed: list[tuple[Project | None, str, str]] = [
        (one, "session", ""), (two, "session", ""), (one, "subagent", "explore"), (None, "session", ""),
    ]  # fmt: skip
    return [
        AgentSession.objects.create(
            id=key,
            public_id=f"s{key}",
            native_id=f"s{key}",
            project=project,
            session_type=kind,
            agent_name=agent,
            branch=f"branch-{key % 2}",
        )
        for key, (project, kind, agent) in enumerate(placed, start=1)
    ]


def _happen(sessions: list[AgentSession], happened: Iterable[Any]) -> None:
    for number, at, model, (tool, category), ms in happened:
        key, at_ms = ModelResponse.objects.count() + 1, int(at.timestamp() * 1000)
        quarter = quarter_of(at)
        ModelResponse.objects.create(
            id=key, owner=sessions[number], message_key=key, message_id=str(key), at_ms=at_ms, quarter=quarter,
            model=model, fast=False, input_tokens=ms, output_tokens=1, cache_read_tokens=2,
            cache_creation_5m_tokens=3, cache_creation_1h_tokens=4, web_search_requests=0,
            cost_nano_usd=None if model == MODELS[1] else 1000 + ms, is_assistant=True, is_sidechain=False,
            chosen_at_ms=at_ms, chosen_digest=key, stop_reason="tool_use", skill="review" if ms % 2 else "",
        )  # fmt: skip
        ToolCall.objects.create(
            id=key, call_id=str(key), owner=sessions[number], has_use=True, name=tool, category=category,
            use_at_ms=at_ms, quarter=quarter, outcome="ok", elapsed_ms=ms,
        )  # fmt: skip
        mark_dirty([quarter])


def _forget(keep: int) -> None:
    """Some facts turn out to be other sessions', later or none."""
    for response in ModelResponse.objects.filter(id__gt=keep):
        mark_dirty([response.quarter, response.quarter + 96])
        ModelResponse.objects.filter(pk=response.pk).update(quarter=response.quarter + 96, owner_id=1)
    calls = ToolCall.objects.filter(id__gt=keep)
    mark_dirty(quarter for quarter in calls.values_list("quarter", flat=True) if quarter is not None)
    calls.delete()


def _responses(period: Period, **more: Any) -> list[ModelResponse]:
    """What the period holds, straight from the facts."""
    quarters = period.quarters
    within = ModelResponse.objects.filter(quarter__gte=quarters.start, quarter__lt=quarters.stop, **more)
    return list(within.select_related("owner"))


NAMES: dict[str, Callable[[ModelResponse], str]] = {
    "": lambda r: "",
    "project": lambda r: str(r.owner.project_id or ""),
    "session_type": lambda r: r.owner.session_type,
    "agent": lambda r: r.owner.agent_name,
    "model": lambda r: r.model,
    "model_family": lambda r: model_family(r.model),
    "skill": lambda r: r.skill,
    "branch": lambda r: r.owner.branch,
    **dict.fromkeys(WORK_DIMENSIONS, lambda r: ""),
}


@settings(
    max_examples=times(20, long=80, postgres=8),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(history=steps, keep=st.integers(0, 12), asked=periods)
def test_days_are_exact_after_any_history(history: list[list[Any]], keep: int, asked: Period) -> None:
    _empty()
    sessions = _sessions()
    for happened in history:
        _happen(sessions, happened)
        roll_up()
    _forget(keep)
    roll_up()
    assert differing_quarters() == []
    assert differing_days() == []
    _answers_are_of_the_facts(asked)


def _empty() -> None:
    """As removing data does: facts go, and their quarters are marked."""
    mark_dirty({*ModelResponse.objects.values_list("quarter", flat=True)})
    AgentSession.objects.all().delete()
    Project.objects.all().delete()
    roll_up()


def _answers_are_of_the_facts(period: Period) -> None:
    held = _responses(period)
    assert usage_totals(period).input_tokens == sum(r.input_tokens for r in held)
    costs = [r.cost_nano_usd for r in held if r.cost_nano_usd is not None]
    assert usage_totals(period).cost_nano_usd == (sum(costs) if costs else None)
    for dimension in USAGE_DIMENSIONS:
        name = NAMES[dimension]
        counted = Counter(name for name, _ in {(name(r), r.owner_id) for r in held})
        assert session_counts(dimension, period) == counted, dimension
        used = {key: usage.input_tokens for key, usage in usage_by_name(dimension, period).items()}
        assert used == {key: sum(r.input_tokens for r in held if name(r) == key) for key in counted}, (
            dimension
        )
    for project in Project.objects.all():
        mine = [r for r in held if r.owner.project_id == project.pk]
        assert usage_totals(period, only(project.pk)).input_tokens == sum(r.input_tokens for r in mine)
        counts = session_counts("", period, only(project.pk))
        assert counts == ({"": len({r.owner_id for r in mine})} if mine else {})
    _calls_are_of_the_facts(period)
    for kind in (BucketKind.DAILY, BucketKind.WEEKLY, BucketKind.HOURLY):
        _buckets_are_of_the_facts(period, kind)


def _calls_are_of_the_facts(period: Period) -> None:
    quarters = period.quarters
    calls = ToolCall.objects.filter(quarter__gte=quarters.start, quarter__lt=quarters.stop)
    taken = sorted(calls.values_list("elapsed_ms", flat=True))
    assert tool_totals(period).calls == len(taken)
    assert call_times("", period).get("", Durations()).ascending() == taken
    for dimension in TOOL_DIMENSIONS:
        assert sum(use.calls for use in tools_by_name(dimension, period).values()) == len(taken), dimension


def _buckets_are_of_the_facts(period: Period, kind: BucketKind) -> None:
    cut = buckets(period.widened_to_quarters(), kind)
    found = usage_by_bucket("model", cut)
    times = call_times_by_bucket("", cut).get("", {})
    for index, bucket in enumerate(cut):
        part = Period(bucket.start_at, bucket.end_at, period.zone)
        for model in MODELS:
            wanted = sum(r.input_tokens for r in _responses(part, model=model))
            assert usage_of(found.get(model, {}).get(index, ())).input_tokens == wanted
        of_part = call_times("", part).get("", Durations())
        assert times.get(index, Durations()).ascending() == of_part.ascending()


def test_a_session_of_three_days_is_counted_once() -> None:
    sessions = _sessions()
    days = [(0, FIRST + timedelta(days=day, hours=10), MODELS[day % 2], TOOLS[0], 5) for day in (0, 1, 3)]
    _happen(sessions, [*days, (1, FIRST + timedelta(hours=1), MODELS[0], TOOLS[0], 5)])
    roll_up()
    ever = Period(FIRST, FIRST + timedelta(days=9), ZoneInfo("UTC"))
    assert session_counts("", ever) == {"": 2}
    assert session_counts("model", ever) == {MODELS[0]: 2, MODELS[1]: 1}
    assert session_counts("model_family", ever) == {"opus": 2}
    assert SessionReturn.objects.filter(dimension="").count() == 2


def test_projects_are_answered_by_days_of_their_own() -> None:
    sessions = _sessions()
    _happen(
        sessions, [(number, FIRST + timedelta(hours=number), MODELS[0], TOOLS[0], 7) for number in range(4)]
    )
    roll_up()
    ever = Period(FIRST, FIRST + timedelta(days=1), ZoneInfo("UTC"))
    project = sessions[0].project
    assert project
    assert usage_totals(ever, only(project.pk)).input_tokens == 14
    assert session_counts("session_type", ever, only(project.pk)) == {"session": 1, "subagent": 1}
    assert usage_totals(ever, frozenset()).input_tokens == 0


def test_nothing_before_1970_is_on_a_day() -> None:
    _happen(_sessions(), [(0, EPOCH - timedelta(minutes=20), MODELS[0], TOOLS[0], 5)])
    roll_up()
    assert differing_quarters() == []
    assert differing_days() == []
    assert not DailyUsage.objects.exists()


def test_days_are_joined_to_runs() -> None:
    assert runs_of([5, 3, 4, 9]) == [range(3, 6), range(9, 10)]


def test_durations_survive_being_packed() -> None:
    assert list(unpacked(packed([0, 1, 2**40]))) == [0, 1, 2**40]


def test_while_slots_wait_to_be_rolled_up_quarters_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an upgrade that brings a rollup of days, every slot waits, and there are no days yet."""
    happened = [(0, FIRST, MODELS[0], TOOLS[0], 5), (1, FIRST + timedelta(days=1), MODELS[1], TOOLS[1], 7)]
    _happen(_sessions(), happened)
    roll_up()
    ever = Period(FIRST, FIRST + timedelta(days=3), ZoneInfo("UTC"))
    told = (
        usage_totals(ever),
        tools_by_name("tool", ever),
        session_counts("model", ever),
        {name: times.ascending() for name, times in call_times("tool", ever).items()},
    )
    for model in (DailyUsage, DailyToolUsage, DailyToolTimes, SessionReturn):
        model.objects.all().delete()
    mark_dirty([quarter_of(FIRST), quarter_of(FIRST + timedelta(days=1))])
    monkeypatch.setattr(answers, "_SEEN", answers._Seen())
    assert told[0].responses == 2
    again = (
        usage_totals(ever),
        tools_by_name("tool", ever),
        session_counts("model", ever),
        {name: times.ascending() for name, times in call_times("tool", ever).items()},
    )
    assert _plain(again) == _plain(told)


def _plain(told: Any) -> Any:
    return (*told[:3], {name: list(times) for name, times in told[3].items()})
