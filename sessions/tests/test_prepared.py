"""Prepared questions: written once for each shape, asked with any values, and the same answers as plain querysets."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Count, F, Max
from django.db.models.lookups import In
from hypothesis import given
from hypothesis import strategies as st

from sessions.models import AgentSession, Project
from sessions.prepared import Among, listed, padded, prepared
from sessions.scope import in_projects

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def projects() -> list[int]:
    """Three projects; the n-th has n sessions, each begun a day after the one before."""
    found = [Project.objects.create(key=name, slug=name, name=name.title()) for name in ("a", "b", "c")]
    owners = [project for n, project in enumerate(found, start=1) for _ in range(n)]
    AgentSession.objects.bulk_create(
        AgentSession(
            id=n + 1,
            public_id=f"s{n}",
            native_id=f"s{n}",
            project=project,
            started_at=FIRST + timedelta(days=n),
            start_quarter=n,
        )
        for n, project in enumerate(owners)
    )
    return [project.pk for project in found]


def written(build: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    """The prepared question, and a list that grows each time it is written."""
    times: list[int] = []

    def write(*shape: Any, **values: Any) -> Any:
        times.append(1)
        return build(*shape, **values)

    return prepared(write), times


def test_values_are_put_in_anew_and_the_question_is_written_once(projects: list[int]) -> None:
    asked, times = written(
        lambda *, since, until: (
            AgentSession.objects.filter(started_at__gte=since, started_at__lt=until)
            .order_by("id")
            .values_list("public_id", "started_at")
        )
    )
    for first, after in ((0, 1), (2, 5), (5, 9)):
        rows = asked(since=FIRST + timedelta(days=first), until=FIRST + timedelta(days=after))
        assert rows == [(f"s{n}", FIRST + timedelta(days=n)) for n in range(first, min(after, 6))]
    assert len(times) == 1


def test_another_shape_is_another_question(projects: list[int]) -> None:
    asked, times = written(
        lambda field, *, projects: (
            AgentSession.objects.filter(in_projects(projects)).order_by(field).values_list(field)
        )
    )
    everything = [(n,) for n in range(6)]
    assert asked("start_quarter", projects=None) == everything
    assert asked("start_quarter", projects=frozenset(projects)) == everything
    assert asked("start_quarter", projects=frozenset(projects[:1])) == everything[:1]
    assert asked("start_quarter", projects=frozenset(projects[1:2])) == everything[1:3]
    assert asked("public_id", projects=frozenset(projects[:1])) == [("s0",)]
    assert len(times) == 4


def test_none_of_the_projects_matches_nothing(projects: list[int]) -> None:
    asked, _ = written(
        lambda *, projects: AgentSession.objects.filter(in_projects(projects)).values_list("pk")
    )
    assert asked(projects=frozenset()) == []


def test_what_the_database_gives_becomes_what_querysets_give(projects: list[int]) -> None:
    rows = prepared(
        lambda *, least, day: (
            AgentSession.objects.filter(started_at__date__gte=day)
            .order_by()
            .values_list("project__name")
            .annotate(n=Count("id"), last=Max("started_at"))
            .filter(n__gte=least)
            .order_by("project__name")
        )
    )
    assert rows(least=2, day=date(2026, 3, 3)) == [("C", 3, FIRST + timedelta(days=5))]
    assert rows(least=1, day=date(2026, 3, 1))[0] == ("A", 1, FIRST)


def test_whole_objects_with_what_belongs_to_them_are_one_statement(
    projects: list[int], django_assert_num_queries: Any
) -> None:
    asked, times = written(
        lambda *, keys: (
            AgentSession.objects.select_related("project").defer("timeline").filter(In(F("pk"), keys))
        )
    )
    for keys in ((1, 2), (3, 6)):
        with django_assert_num_queries(1):
            found = {session.pk: session for session in asked(keys=keys)}
            assert {key: found[key].public_id for key in keys} == {key: f"s{key - 1}" for key in keys}
            assert [found[key].project.pk for key in keys] == [
                projects[(0, 1, 1, 2, 2, 2)[key - 1]] for key in keys
            ]
        assert found[keys[0]].timeline == []  # looked up by itself
    assert len(times) == 1


def test_single_values_and_dicts_come_as_querysets_give_them(projects: list[int]) -> None:
    sessions = AgentSession.objects.order_by("id")
    flat = prepared(lambda *, least: sessions.filter(id__gte=least).values_list("public_id", flat=True))
    dicts = prepared(lambda *, least: sessions.filter(id__gte=least).values("public_id", "started_at"))
    assert flat(least=5) == ["s4", "s5"]
    assert dicts(least=6) == [{"public_id": "s5", "started_at": FIRST + timedelta(days=5)}]


def test_what_needs_further_statements_is_refused() -> None:
    asked = prepared(lambda: Project.objects.prefetch_related("sessions"))
    with pytest.raises(TypeError):
        asked()


def test_values_can_be_calculated_with(projects: list[int]) -> None:
    rows = prepared(
        lambda *, start, width: (
            AgentSession.objects.order_by("id")
            .annotate(at=(F("start_quarter") - start) / width)
            .values_list("at")
        )
    )
    assert rows(start=0, width=2) == [(0,), (0,), (1,), (1,), (2,), (2,)]
    assert rows(start=-3, width=3) == [(1,), (1,), (1,), (2,), (2,), (2,)]


def test_what_has_no_field_is_refused() -> None:
    asked = prepared(lambda *, name: AgentSession.objects.filter(public_id=name).values_list("pk"))
    with pytest.raises(TypeError):
        asked(name=object())


@given(st.sets(st.integers(), max_size=40))
def test_padded_keys_are_the_same_keys_in_few_lengths(keys: set[int]) -> None:
    found = padded(keys)
    assert set(found) == keys
    assert len(found) & (len(found) - 1) == 0  # a power of two, or nothing


def test_thousands_of_keys_are_one_value(projects: list[int]) -> None:
    asked, times = written(
        lambda *, keys: (
            AgentSession.objects.filter(Among(F("pk"), keys)).order_by("pk").values_list("public_id")
        )
    )
    assert asked(keys=listed([3, 1])) == [("s0",), ("s2",)]
    assert asked(keys=listed(range(2, 5000))) == [(f"s{n}",) for n in range(1, 6)]
    assert asked(keys=listed([])) == []
    assert len(times) == 1
