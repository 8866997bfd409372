"""Alerts in the admin: what stands there, what can be done, and what nobody can change."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from alerts.models import AlertRule, AlertRuleRevision, Channel, Delivery
from alerts.tests.fired import fire, fired_rule
from alerts.tests.receiver import Receiver

pytestmark = pytest.mark.django_db

RULES, CHANNELS = "/admin/alerts/alertrule/", "/admin/alerts/channel/"


def asking(*permissions: str) -> Client:
    """A member of staff who may do so much; with nothing named, everything."""
    user = User.objects.create_user("ada", is_staff=True, is_superuser=not permissions)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client


def choose(client: Client, place: str, action: str, *rows: Any) -> Any:
    given = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(place, given, follow=True)


def test_rules_show_their_state_and_are_switched_snoozed_and_tried(receiver: Receiver) -> None:
    root, rule, quiet = asking(), fired_rule("budget"), fired_rule("quiet")
    quiet.instances.update(state="ok")
    hook = Channel.objects.create(
        public_id="c", name="Ops", kind="webhook", target=receiver.url, secret="whsec_" + "QUJD" * 10
    )
    rule.channels.add(hook)
    page = root.get(RULES).text
    assert "firing for 1" in page and ">ok<" in page
    assert "took the sample. HTTP 204" in choose(root, RULES, "send_samples", rule, quiet).text
    choose(root, RULES, "snooze_for_a_day", rule)
    rule.refresh_from_db()
    assert rule.snoozed_until is not None and rule.snoozed_until > timezone.now()
    assert "firing for 1, snoozed" in root.get(RULES).text
    choose(root, RULES, "wake", rule)
    choose(root, RULES, "switch_off", rule, quiet)
    assert not AlertRule.objects.filter(is_active=True).exists()
    rule.refresh_from_db()
    assert rule.snoozed_until is None and rule.instances.get().state == "ok"
    last = AlertRuleRevision.objects.filter(rule=rule).latest("version")
    assert (last.version, last.changed_by) == (rule.version, "ada")
    choose(root, RULES, "switch_on", rule)
    assert AlertRule.objects.get(is_active=True) == rule


def test_channels_are_switched_tried_and_shown_without_their_secrets(receiver: Receiver) -> None:
    root = asking()
    channel = Channel.objects.create(
        public_id="c", name="Ops", kind="slack", target=f"{receiver.url}/givesaccess", secret="whsec_x"
    )
    receiver.answers = [500]
    assert "did not take the sample. HTTP 500" in choose(root, CHANNELS, "send_samples", channel).text
    choose(root, CHANNELS, "switch_off", channel)
    assert not Channel.objects.get().is_active
    for place in (CHANNELS, f"{CHANNELS}{channel.pk}/change/"):
        assert "givesaccess" not in root.get(place).text and "whsec_" not in root.get(place).text


def test_what_is_history_cannot_be_changed() -> None:
    root, rule = asking(), fired_rule("budget")
    event = fire(rule, subject="a")
    channel = Channel.objects.create(public_id="c", name="Ops", kind="email", target="ada@example.org")
    now = timezone.now()
    dead = Delivery.objects.create(event=event, channel=channel, state="dead", created_at=now, not_before=now)
    for kind, row in (("alertevent", event), ("alertinstance", event.instance), ("alertrule", rule)):
        assert root.get(f"/admin/alerts/{kind}/?q=budget").status_code == 200
        place = f"/admin/alerts/{kind}/{row.pk}"
        assert "budget" in root.get(f"{place}/change/").text
        for forbidden in (f"{place}/delete/", f"/admin/alerts/{kind}/add/"):
            assert root.post(forbidden, {"post": "yes"}).status_code == 403
        assert root.post(f"{place}/change/", {"name": "other", "message": "other"}).status_code == 403
    choose(root, "/admin/alerts/delivery/", "send_again", dead)
    assert Delivery.objects.get().state == "waiting"


def test_who_may_only_look_does_nothing() -> None:
    rule = fired_rule("budget")
    reader = asking("view_alertrule")
    assert "budget" in reader.get(RULES).text and "switch_off" not in reader.get(RULES).text
    choose(reader, RULES, "switch_off", rule)
    assert AlertRule.objects.get().is_active
