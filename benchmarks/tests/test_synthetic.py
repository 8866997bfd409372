"""Synthetic rows keep every promise of the database, and every question of the benchmark has an answer."""

from datetime import UTC, datetime

import pytest
from django.db.models import Sum
from django.test import Client

from analytics.models import SessionUsage
from benchmarks.answers import percentile
from benchmarks.questions import known, questions
from benchmarks.synthetic.fill import fill
from benchmarks.synthetic.lines import LENGTH, own_cycle, shared_segment
from sessions.archive import original_lines
from sessions.models import AgentSession, ModelResponse, TranscriptEntry
from tasks.models import Link
from telemetry_site.tests.filled import Kept
from telemetry_site.verification import verify

END = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="class")
def filled(request: pytest.FixtureRequest, kept: Kept) -> None:
    kept.fill(request, lambda _: fill(2_000, end=END, projects=5, long_session=300))


@pytest.mark.django_db
@pytest.mark.usefixtures("filled")
def test_rows_keep_every_promise_of_the_database() -> None:
    assert verify() == []
    assert TranscriptEntry.objects.count() == 2_000
    assert {*AgentSession.objects.values_list("session_type", flat=True)} >= {"session", "subagent"}
    assert Link.objects.filter(is_primary=True).exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("filled")
def test_columns_of_sessions_are_the_sums_of_their_facts() -> None:
    for column in ("output_tokens", "cache_read_tokens", "cost_nano_usd"):
        sums = [
            model.objects.aggregate(n=Sum(column))["n"]
            for model in (AgentSession, ModelResponse, SessionUsage)
        ]
        assert len({*sums}) == 1, column


@pytest.mark.django_db
@pytest.mark.usefixtures("filled")
def test_the_long_session_has_lines_of_its_own() -> None:
    long = AgentSession.objects.get(entry_count=300)
    entries = TranscriptEntry.objects.filter(session=long).order_by("offset")
    assert len({raw for _, raw in original_lines(entries)}) == 300


@pytest.mark.django_db
@pytest.mark.usefixtures("filled")
def test_every_question_has_an_answer() -> None:
    client = Client(headers={"host": "localhost"})
    answers = {question.path: client.get(question.path).status_code for question in questions(known())}
    assert {path: status for path, status in answers.items() if status != 200} == {}


def test_a_cycle_is_fifty_lines_that_differ_by_their_ids() -> None:
    assert len(own_cycle("a")) == LENGTH == 50
    assert own_cycle("a") != own_cycle("b")
    assert shared_segment(7) == shared_segment(7)


def test_p95_is_the_nearest_rank() -> None:
    assert percentile([float(n) for n in range(1, 21)], 0.95) == 19
