"""What the stored counters count, and what leaves them where they are."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from analytics import counters, rollups
from analytics.models import CountedSession, CountedTotal, LabelValue, SessionUsage, ToolTiming
from analytics.rollups import roll_up
from analytics.tests.ledger import NOW, read, working_session
from analytics.tests.scraped import counters_of, scrape, total, value
from sessions.ingest import mark_dirty
from sessions.models import Project
from sessions.tests import samples as s
from telemetry_site import pipeline
from telemetry_site.repricing import reprice_all

pytestmark = pytest.mark.django_db

DEARER = f"""
[book]
name = "dearer"
source = "an invented contract"
version = "1"
[[price]]
models = ["{s.MODEL}", "acme-coder-1"]
input = 1000
output = 1000
cache_write_5m = 1000
cache_write_1h = 1000
cache_read = 1000
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A session with a known price, one without, one in another project, and a subagent."""
    side = [s.side(s.prompt("sp", 1), "abc"), s.side(s.reply("sr", 2, output=7), "abc")]
    read(
        tmp_path,
        working_session("a"),
        working_session("b", model="acme-coder-1"),
        (
            s.main_path("c", "-home-ada-pump"),
            [s.reply("c1", 9, "c", output=1000) | {"cwd": "/home/ada/pump"}],
        ),
        (s.agent_path("abc"), side),
    )
    return tmp_path


@pytest.fixture
def dearer(tmp_path: Path) -> Path:
    file = tmp_path / "prices.toml"
    file.write_text(DEARER)
    return file


def test_tokens_and_cost_are_those_of_the_responses(ledger: Path) -> None:
    engine = {"project": "engine", "model": s.MODEL}
    assert value("tokens_total", **engine, type="output") == 100 + 50 + 7
    assert value("tokens_total", **engine, type="input") == 3 * 3
    assert value("tokens_total", project="pump", model=s.MODEL, type="output") == 1000
    assert total("tokens_total", model="acme-coder-1", type="cache_read") == 200
    # $3 and $15 a million, a tenth of $3 for what the cache held.
    assert value("cost_usd_total", **engine) == pytest.approx((9 * 3 + 157 * 15 + 300 * 0.3) / 1e6)
    assert value("cost_usd_total", project="engine", model="acme-coder-1") is None


def test_sessions_calls_and_lines_are_those_that_were_read(ledger: Path) -> None:
    told = {"project": "engine", "agent": "claude-code"}
    assert value("sessions_total", **told, kind="session") == 2
    assert value("sessions_total", **told, kind="subagent") == 1
    assert value("tool_calls_total", project="engine", tool="Bash", outcome="ok") == 2
    assert value("tool_calls_total", project="engine", tool="Edit", outcome="error") == 2
    assert value("ingest_lines_total", outcome="stored") == 13
    files = (ledger / "projects").rglob("*.jsonl")
    assert value("ingest_bytes_total") == sum(file.stat().st_size for file in files)
    assert value("ingest_errors_total", reason="run") == 0


def test_durations_are_counted_up_to_each_bound(ledger: Path) -> None:
    assert value("tool_duration_seconds_bucket", tool="Bash", le="1.0") == 0
    assert value("tool_duration_seconds_bucket", tool="Bash", le="2.5") == 2
    assert value("tool_duration_seconds_count", tool="Bash") == 2
    assert value("tool_duration_seconds_sum", tool="Bash") == 4
    assert value("tool_duration_seconds_sum", tool="Edit") == 2


def test_a_call_counts_when_its_answer_is_read(tmp_path: Path) -> None:
    ask = s.reply("r", 5, blocks=[s.call("toolu_1")])
    read(tmp_path, (s.main_path(), [s.prompt("p", 0), ask]))
    assert total("tool_calls_total") == 0
    s.append(tmp_path, s.main_path(), s.line(s.answer("x", 9, "toolu_1")))
    pipeline.sync([tmp_path], now=NOW)
    assert (total("tool_calls_total"), total("tool_calls_total", outcome="ok")) == (1, 1)


def test_prices_that_change_later_are_not_counted(ledger: Path, dearer: Path) -> None:
    before = counters_of(scrape())
    with override_settings(TELEMETRY_PRICES=dearer):
        reprice_all(dry_run=False)
        assert SessionUsage.objects.totals()["sum_cost_nano_usd"] > 10**8
        assert counters_of(scrape()) == before
        read(ledger, working_session("d", model="acme-coder-1"))
    # What is read from now on counts at the price of now.
    assert value("cost_usd_total", project="engine", model="acme-coder-1") == pytest.approx(0.356)


def test_rebuilding_counts_nothing(ledger: Path) -> None:
    before = counters_of(scrape())
    pipeline.rebuild_all()
    assert counters_of(scrape()) == before
    assert not counters.is_restating()


def test_a_killed_restatement_is_finished_uncounted_by_the_next_sync(
    ledger: Path, dearer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    before = counters_of(scrape())
    with override_settings(TELEMETRY_PRICES=dearer):
        with monkeypatch.context() as patched:
            patched.setattr("telemetry_site.repricing.roll_up", die)
            with pytest.raises(KeyboardInterrupt):
                reprice_all(dry_run=False)
        assert counters.is_restating()
        pipeline.sync([ledger], now=NOW + timedelta(minutes=1))
    assert not counters.is_restating()
    assert rollups.differing_quarters() == []
    assert counters_of(scrape()) == before


def test_what_a_killed_sync_left_is_counted_before_a_restatement(
    tmp_path: Path, dearer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "roll_up", die)
        with pytest.raises(KeyboardInterrupt):
            read(tmp_path, working_session("a"))
    assert total("tokens_total") == 0
    with override_settings(TELEMETRY_PRICES=dearer):
        reprice_all(dry_run=False)
    assert total("tokens_total", type="output") == 150
    assert total("cost_usd_total") < 0.01
    assert value("ingest_errors_total", reason="run") == 1


def test_a_kill_before_settling_is_made_up_for(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(counters, "settle", lambda: None)
        read(ledger, working_session("d"))
    assert total("tokens_total", type="output") == 157 + 150 + 1000
    pipeline.sync([ledger], now=NOW)
    assert total("tokens_total", type="output") == 157 + 150 + 1000 + 150


def test_a_session_that_moves_to_another_project_counts_once(tmp_path: Path) -> None:
    homeless = [{k: v for k, v in s.reply("r", 1, output=40).items() if k != "cwd"}]
    read(tmp_path, (s.main_path(), homeless))
    stand_in = Project.objects.get().slug
    # Another session of that folder says where it is; the first one follows it there.
    read(tmp_path, working_session("b"))
    joint = Project.objects.get().slug
    assert joint != stand_in
    assert (total("sessions_total"), total("tokens_total", type="output")) == (2, 40 + 150)
    assert total("tokens_total", type="output", project=stand_in) == 40
    assert total("tokens_total", type="output", project=joint) == 150


def test_a_correction_downwards_is_made_up_for_before_anything_rises(ledger: Path) -> None:
    labels = ("engine", s.MODEL, "output")
    CountedTotal.objects.filter(family="tokens", labels=counters.key_of(labels)).update(counted=100)
    read(ledger, working_session("d"))
    assert value("tokens_total", project="engine", model=s.MODEL, type="output") == 250


def test_a_database_without_counters_begins_with_all_it_holds(ledger: Path) -> None:
    before = {key: n for key, n in counters_of(scrape()).items() if key[0] != "ingest_bytes_total"}
    for table in (CountedTotal, CountedSession, LabelValue, ToolTiming):
        table.objects.all().delete()
    assert total("tokens_total") == 0
    pipeline.sync([ledger], now=NOW)
    after = counters_of(scrape())
    assert {key: n for key, n in after.items() if key[0] != "ingest_bytes_total"} == before
    assert rollups.differing_quarters() == []


def test_verify_names_durations_that_are_not_what_the_calls_took(ledger: Path) -> None:
    timing = ToolTiming.objects.filter(name="Bash").get()
    timing.calls += 1
    timing.save()
    assert rollups.differing_quarters() == [timing.quarter]


def test_rolling_up_again_counts_nothing(ledger: Path) -> None:
    before = counters_of(scrape())
    mark_dirty(SessionUsage.objects.values_list("quarter", flat=True))
    roll_up()
    counters.settle()
    assert counters_of(scrape()) == before
