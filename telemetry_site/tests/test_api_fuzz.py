"""The API against its own description: requests nobody thought of, and answers held to their schema.

A few examples per operation, always the same ones; `LEDGER_FUZZ_EXAMPLES=500` makes a long run with others each time.
"""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from telemetry_site.tests.asking import ask
from telemetry_site.tests.filled import filled
from telemetry_site.tests.ledger import write_and_read
from telemetry_site.wsgi import application

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("work")]

EXAMPLES = int(os.environ.get("LEDGER_FUZZ_EXAMPLES", "3"))
# The client that schemathesis brings does not unpack answers.
HEADERS = {"host": "localhost", "accept-encoding": "identity"}
# What no schema can say: parameters that are well-formed each and mean nothing together, or nothing that is there.
CONTRADICTIONS = re.compile(
    "must not be before|after the start|start is after today|asked for together|timeline|Give either"
    "|dimension to group|outside 1970|outside 2000|no IANA|buckets|There is no|leave this out"
)
# Whose rules of what goes together have tests of their own, one by one.
RULED = ("/api/analytics/alerts", "/api/analytics/channels", "/api/analytics/silences")

schema = schemathesis.openapi.from_wsgi("/api/schema", application)
schema.config.generation.update(allow_x00=False)  # `test_a_nul_is_refused_wherever_it_stands` has them all
schema.config.checks.positive_data_acceptance.expected_statuses.append("400")
schemathesis.openapi.format(
    "date", st.dates(datetime(2000, 1, 1).date(), datetime(2026, 6, 1).date()).map(str)
)
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(2000, 1, 1), datetime(2026, 6, 1), timezones=st.just(UTC)).map(
        lambda at: at.isoformat()
    ),
)


@schemathesis.check
def a_refusal_of_valid_values_names_a_contradiction(ctx: Any, response: Any, case: Any) -> None:
    """Whatever the schema allows is taken, unless it contradicts itself."""
    if case.path.startswith(RULED):
        return
    if response.status_code == 400 and case.meta.generation.mode == GenerationMode.POSITIVE:
        said = response.json()
        sentences = [sentence for each in said["errors"].values() for sentence in each] or [said["detail"]]
        assert [sentence for sentence in sentences if not CONTRADICTIONS.search(sentence)] == []


@pytest.fixture(scope="module")
def work(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with filled(django_db_blocker, lambda: write_and_read(tmp_path_factory.mktemp("work"))):
        yield


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A real server gives its connection up between requests, and with it what the transaction of a test holds."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for a run must not start one."""
    monkeypatch.setattr("telemetry_site.sync_api.ask_for_sync", lambda now: True)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize="LEDGER_FUZZ_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_is_described(case: Any) -> None:
    case.call_and_validate(headers=HEADERS)


@pytest.mark.parametrize(
    "place", ["project=a%00b", "q=%00", "tz=%00", "start_date=%00", "tool=%00", "sort_by=%00"]
)
def test_a_nul_is_refused_wherever_it_stands(place: str) -> None:
    """PostgreSQL refuses it in any text."""
    response = ask(f"/api/sessions?{place}")
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [place.partition("=")[0]]
