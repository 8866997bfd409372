"""A rule through any course of things, beside a model that knows nothing of events, marks or evaluations.

Money is spent now and late, time passes, evaluations come when they come, are killed, come twice; the rule is edited,
snoozed and switched off and on. Whenever it was looked, the rule stands as the model says, and nobody is told twice.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from alerts import evaluation
from alerts.editing import change_rule
from alerts.evaluation import evaluate
from alerts.marks import mark_quarters
from alerts.models import AlertEvent, AlertInstance, AlertRule, Channel, Delivery, Notification
from alerts.tests import rules as made
from analytics.models import SessionUsage
from analytics.periods import quarter_of, quarter_start
from analytics.querysets import SUMMED
from sessions.models import AgentSession
from sessions.tests import samples

NANO = 10**9
HOUR_QUARTERS = 4


class Killed(BaseException):
    """What SIGKILL would be."""


class AnyCourse(RuleBasedStateMachine):
    """One rule about the cost of the last hour."""

    @initialize()
    def begin(self) -> None:
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = samples.START + timedelta(minutes=7)
        self.spent: dict[int, int] = {}
        self.limit, self.since, self.is_on, self.looked = 5, quarter_of(self.now), True, False
        mail = Channel.objects.create(public_id="c", name="Ops", kind="email", target="ada@example.org")
        self.rule: AlertRule = made.rule(
            scope="rolling", window_seconds=3600, now=self.now, channels=[mail], notify_resolved=True
        )
        self.session = AgentSession.objects.create(
            id=1, public_id="s", native_id="s", stale=False, started_at=self.now, ended_at=self.now
        )

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    @rule(
        dollars=st.sampled_from([1, 4, 9]),
        back=st.sampled_from([0, 0, 0, 1, 2, 5, 9, 30]),
        looks=st.booleans(),
    )
    def spend(self, dollars: int, back: int, looks: bool) -> None:
        quarter = quarter_of(self.now) - back
        self.spent[quarter] = self.spent.get(quarter, 0) + dollars
        SessionUsage.objects.create(
            quarter=quarter,
            session=self.session,
            model=f"m{SessionUsage.objects.count()}",
            **dict.fromkeys(SUMMED, 0) | {"responses": 1, "cost_nano_usd": dollars * NANO},
        )
        mark_quarters([quarter])
        self._go_on(looks=looks)

    @rule(minutes=st.sampled_from([1, 8, 15, 40, 100]), looks=st.booleans())
    def wait(self, minutes: int, looks: bool) -> None:
        self.now += timedelta(minutes=minutes)
        self._go_on(looks=looks)

    def _go_on(self, *, looks: bool) -> None:
        self.looked = False
        if looks:
            self.look(1)

    @rule(times=st.integers(1, 2))
    def look(self, times: int) -> None:
        for _ in range(times):
            before = AlertEvent.objects.count()
            assert evaluate(self.now).problems == []
        assert times == 1 or AlertEvent.objects.count() == before, "the same data tells the same"
        self.looked = True

    @rule()
    def look_and_be_killed(self) -> None:
        """After what was found is recorded, before it is noted that it was looked."""
        with mock.patch.object(evaluation, "_note", side_effect=Killed):
            try:
                evaluate(self.now)
            except Killed:
                self.looked = False

    @rule(limit=st.integers(3, 9))
    def edit(self, limit: int) -> None:
        if limit != self.limit:
            self.limit, self.since, self.looked = limit, quarter_of(self.now), False
            self._change(threshold=Decimal(limit))

    @rule()
    def switch(self) -> None:
        self.is_on = not self.is_on
        self.since, self.looked = quarter_of(self.now), False
        self._change(is_active=self.is_on)

    @rule(hours=st.sampled_from([None, 2]))
    def snooze(self, hours: int | None) -> None:
        self._change(snoozed_until=self.now + timedelta(hours=hours) if hours else None)

    def _change(self, **values: Any) -> None:
        self.rule.refresh_from_db()
        self.rule = change_rule(self.rule, values, None, now=self.now)

    def _cost(self, stop: int) -> int:
        return sum(self.spent.get(quarter, 0) for quarter in range(stop - HOUR_QUARTERS, stop))

    @invariant()
    def it_stands_as_the_model_says(self) -> None:
        if not getattr(self, "looked", False) or not self.is_on:
            return
        present = quarter_of(self.now)
        # The quarter that is open counts when it is over the limit already, else the one before it.
        fires = self._cost(present + 1) > self.limit or (
            present > self.since and self._cost(present) > self.limit
        )
        stands = AlertInstance.objects.filter(rule=self.rule, state="firing", limit=self.limit).exists()
        assert stands is fires, (self.spent, present, self.limit, self.since)

    @invariant()
    def everybody_is_told_once(self) -> None:
        if not hasattr(self, "rule"):
            return
        began = list(AlertEvent.objects.filter(to_state="firing").select_related("rule"))
        versions = [(event.rule_version, event.event_time) for event in began]
        assert len(set(versions)) == len(versions)
        assert Notification.objects.filter(event__in=began).count() == len(began)
        for event in began:
            rows = Delivery.objects.filter(event=event).count()
            assert rows == (0 if event.is_backfilled else 1)
            assert quarter_start(quarter_of(event.event_time)) == event.event_time


@pytest.mark.django_db
def test_a_rule_stands_as_the_model_says_whatever_happens() -> None:
    patient = settings(
        max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(AnyCourse, settings=patient)
