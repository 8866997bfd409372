"""No counter of a scrape ever falls, whatever is read, changed, taken back or killed; and reading counts exactly."""

import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from analytics.models import SessionUsage
from analytics.tests.scraped import Sample, counters_of, scrape
from sessions.ingest import mark_dirty
from sessions.models import ModelResponse, SourceFile, ToolCall
from sessions.tests import samples as s
from telemetry_site import pipeline
from telemetry_site.pipeline import rebuild_all, remove_source_root, sync
from telemetry_site.repricing import reprice_all
from telemetry_site.tests.length import times

pytestmark = pytest.mark.django_db

MODELS = [s.MODEL, "claude-opus-4-5-20251101", "acme-coder-1"]
FOLDERS = ["-home-ada-engine", "-home-ada-pump"]
PRICE = """
[book]
name = "ours"
source = "an invented contract"
version = "1"
[[price]]
models = ["acme-coder-1", "claude-*"]
input = {0}
output = {0}
cache_write_5m = {0}
cache_write_1h = {0}
cache_read = {0}
"""


class Killed(BaseException):
    """What a kill looks like from inside."""


class Reading(RuleBasedStateMachine):
    """Sessions of several projects, models and tools that grow, with syncs in between."""

    def __init__(self) -> None:
        super().__init__()
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        self.data = Path(tempfile.mkdtemp())
        self.root = self.data / "own"
        self.prices = self.data / "prices.toml"
        self.prices.write_text(PRICE.format(1))
        self._settings = override_settings(TELEMETRY_DATA_DIR=self.data, TELEMETRY_PRICES=self.prices)
        self._settings.enable()
        self.number = 0
        self.highest: dict[Sample, float] = {}
        self.synced = True

    def teardown(self) -> None:
        self._settings.disable()
        transaction.set_rollback(True)
        self._atomic.__exit__(None, None, None)
        shutil.rmtree(self.data)

    def _append(self, root: Path, name: str, folder: str, model: str, *, says_where: bool = True) -> None:
        self.number += 1
        n = f"{name}{self.number}"
        call = s.call(f"toolu_{n}", f"Tool{self.number % 4}")
        records = [
            s.reply(n, 60 * self.number, name, output=self.number, model=model, blocks=[call]),
            s.answer(f"{n}x", 60 * self.number + 2, f"toolu_{n}", name, is_error=self.number % 3 == 0),
        ]
        for record in records:
            record["cwd"] = "/home/ada/" + folder.rpartition("-")[2]
            if not says_where:
                del record["cwd"]
        s.append(root, s.main_path(name, folder), s.lines(records))
        self.synced = False

    @rule(n=st.integers(0, 3), model=st.sampled_from(MODELS))
    def append(self, n: int, model: str) -> None:
        self._append(self.root, "abcd"[n], FOLDERS[n % 2], model)

    @rule()
    def sync(self) -> None:
        sync([self.root])
        self.synced = True

    @invariant()
    def no_counter_falls(self) -> None:
        now = counters_of(scrape())
        fallen = {
            key: (value, now.get(key)) for key, value in self.highest.items() if now.get(key, -1) < value
        }
        assert fallen == {}
        self.highest = now

    def counted(self) -> dict[str, dict[tuple[str, ...], float]]:
        """The stored counters by name and label values, those that are 0 left out."""
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for (name, labels), value in counters_of(scrape()).items():
            if value:
                found.setdefault(name, {})[tuple(text for _, text in sorted(labels))] = value
        return found


class OnlyReading(Reading):
    """With nothing but reading, the counters are the facts."""

    @invariant()
    def counters_are_the_facts(self) -> None:
        if not self.synced:
            return
        counted, facts = self.counted(), Counter[tuple[str, ...]]()
        cost = Counter[tuple[str, ...]]()
        for row in SessionUsage.objects.select_related("project"):
            assert row.project
            cost[row.model, row.project.slug] += row.cost_nano_usd or 0
            for kind in ("input", "output", "cache_read"):
                facts[row.model, row.project.slug, kind] += getattr(row, f"{kind}_tokens")
        assert counted.get("tokens_total", {}) == +facts
        assert counted.get("cost_usd_total", {}) == pytest.approx({k: v / 1e9 for k, v in (+cost).items()})
        names = ToolCall.objects.values_list("outcome", "owner__project__slug", "name")
        assert counted.get("tool_calls_total", {}) == Counter(names)
        assert sum(counted.get("tool_duration_seconds_count", {}).values()) == ToolCall.objects.count()
        lines = SourceFile.objects.line_totals()
        assert sum(counted.get("ingest_lines_total", {}).values()) == lines["lines_seen"]


class AnythingElse(Reading):
    """Besides reading: everything that changes what was read before, and kills in the middle of it."""

    @rule(price=st.integers(1, 5))
    def reprice(self, price: int) -> None:
        self.prices.write_text(PRICE.format(price))
        reprice_all(dry_run=False)

    @rule()
    def rebuild(self) -> None:
        rebuild_all()

    @rule(step=st.sampled_from(["link_all", "roll_up"]))
    def rebuild_and_be_killed(self, step: str) -> None:
        with patch.object(pipeline, step, side_effect=Killed), pytest.raises(Killed):
            rebuild_all()

    @precondition(lambda self: not self.synced)
    @rule()
    def sync_and_be_killed(self) -> None:
        with patch.object(pipeline, "roll_up", side_effect=Killed), suppress(Killed):
            sync([self.root])

    @rule()
    def demo(self) -> None:
        self._append(self.data / "demo" / "claude", "demo", FOLDERS[0], s.MODEL)
        sync([self.data / "demo" / "claude"])

    @rule()
    def remove_demo(self) -> None:
        remove_source_root(self.data / "demo")

    @rule(folder=st.sampled_from(FOLDERS))
    def a_session_that_does_not_say_where_it_is(self, folder: str) -> None:
        """It is placed by its folder, and moves as soon as another session tells the folder's path."""
        self._append(self.root, "e", folder, MODELS[0], says_where=False)

    @precondition(lambda self: self.number)
    @rule(n=st.integers(0, 3))
    def rewrite(self, n: int) -> None:
        file = self.root / "projects" / s.main_path("abcd"[n], FOLDERS[n % 2])
        if file.exists():
            file.write_bytes(b"")
            self._append(self.root, "abcd"[n], FOLDERS[n % 2], MODELS[0])

    @rule()
    def correct_downwards(self) -> None:
        """A response that turns out to be less than it was, as copies of others do."""
        last = ModelResponse.objects.order_by("at_ms").last()
        if last:
            ModelResponse.objects.filter(pk=last.pk).update(output_tokens=0)
            mark_dirty([last.quarter])
            sync([self.root])


def run(machine: type[Reading], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_reading_counts_exactly() -> None:
    run(OnlyReading, examples=times(5, long=20, postgres=2), steps=10)


def test_nothing_makes_a_counter_fall() -> None:
    run(AnythingElse, examples=times(10, long=40, postgres=4), steps=12)
