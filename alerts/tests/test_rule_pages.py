"""The pages of rules: what stands where, what a click does, and what is said about a form that cannot be saved."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts.models import AlertRule, Notification
from alerts.presets import PRESETS
from alerts.tests.rules import read, rule, spend
from sessions.tests import samples

pytestmark = pytest.mark.django_db

HTMX = {"hx-request": "true"}
FORM: dict[str, Any] = {
    "name": "Dear <b>session</b>",
    "metric": "session_cost",
    "scope": "session",
    "operator": ">",
    "threshold": "5.10",
    "condition": "static",
    "severity": "critical",
    "isActive": "on",
}


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.fixture
def fired(tmp_path: Path) -> AlertRule:
    """A rule that fires for one session, which cost six dollars."""
    made = rule()
    spend(tmp_path, "dear", 60, 6, live=True)
    read(tmp_path, samples.START + timedelta(minutes=2))
    return made


def test_without_rules_every_preset_is_a_click_away(here: Client) -> None:
    page = here.get("/alerts").text
    assert "Nothing is watched yet" in page
    for preset in PRESETS:
        assert f"/alerts/new?preset={preset.id}" in page
        assert preset.rule["name"] in here.get(f"/alerts/new?preset={preset.id}").text


def test_what_fires_comes_first_with_its_session(here: Client, fired: AlertRule) -> None:
    rule("Another", threshold=Decimal(900))
    page = here.get("/alerts").text
    assert "Cost of a session is above $5.00" in page
    assert page.index("Firing now") < page.index(f'id="rule-{fired.pk}"') < page.index("Another")
    assert f'href="/sessions/{samples.uid("dear")}"' in page
    told = here.get(f"/alerts/{fired.public_id}").text
    assert "passed the threshold" in told and "$6.00" in told and "threshold in force" in told
    assert f'href="/sessions/{samples.uid("dear")}"' in told


def test_more_rules_are_no_more_queries(here: Client, fired: AlertRule) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert here.get("/alerts", headers=HTMX).status_code == 200
        return len(asked)

    one = queries()
    for n in range(8):
        rule(f"Rule {n}", threshold=Decimal(n + 1))
    assert queries() == one


def test_a_rule_is_switched_snoozed_and_deleted(here: Client, fired: AlertRule) -> None:
    place = f"/alerts/{fired.public_id}"
    region = here.post(f"{place}/switch", {"active": "off"}, headers=HTMX).text
    assert region.lstrip().startswith('<div class="stack" id="rules"') and "Switch on" in region
    assert here.post(f"{place}/switch", {"active": "on", "next": "rule"}).headers["Location"] == place
    assert "snoozed until" in here.post(f"{place}/snooze", {"hours": "4"}, headers=HTMX).text
    fired.refresh_from_db()
    assert fired.is_active and fired.snoozed_until is not None
    assert timedelta(hours=3) < fired.snoozed_until - timezone.now() < timedelta(hours=5)
    here.post(f"{place}/snooze", {"hours": "0"})
    assert "can be snoozed for" in here.post(f"{place}/snooze", {"hours": "9999999999"}, headers=HTMX).text
    fired.refresh_from_db()
    assert fired.snoozed_until is None
    assert "Delete “Dear”?" in here.get(f"{place}/delete").text
    assert here.post(f"{place}/delete").headers["Location"] == "/alerts"
    assert "This rule was deleted" in here.get(place).text
    assert "Dear" not in here.get("/alerts").text
    assert [here.post(f"{place}/{act}").status_code for act in ("switch", "snooze", "delete", "edit")] == [
        404
    ] * 4


def test_windows_are_named_in_the_sentence(here: Client) -> None:
    told = here.post("/alerts/draft", FORM | {"scope": "weekly"}, headers=HTMX).text
    assert "Cost of a week is above $5.10." in told


def test_a_form_becomes_a_rule_and_comes_back_as_it_was(here: Client) -> None:
    more = {
        "note": "Look here",
        "warnThreshold": "2.5",
        "steps": "1, 3",
        "filterBy": "model",
        "filterValues": "a\nb",
    }
    assert here.post("/alerts/new", FORM | more).headers["Location"] == "/alerts"
    made = AlertRule.objects.get()
    assert (made.threshold, made.warn_threshold, list(map(float, made.steps))) == (
        Decimal("5.10"),
        Decimal("2.5"),
        [1, 3],
    )
    assert (made.filters, made.severity, made.is_active) == ({"model": ["a", "b"]}, "critical", True)
    page = here.get(f"/alerts/{made.public_id}/edit").text
    for shown in ('value="5.1"', 'value="2.5"', 'value="1, 3"', ">a\nb</textarea>", "Look here"):
        assert shown in page
    assert "<b>session" not in page and "&lt;b&gt;session" in page


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"name": ""}, "name", "may not be blank"),
        ({"threshold": ""}, "threshold", "required"),
        ({"threshold": "a lot"}, "threshold", "valid number"),
        ({"threshold": "-3"}, "threshold", "lies between 0 and"),
        ({"threshold": "1e400"}, "threshold", "valid number"),
        ({"metric": "nothing"}, "metric", "nothing"),
        ({"metric": "task_velocity"}, "scope", "not a figure of one session"),
        ({"steps": "9"}, "steps", "each must be below"),
        ({"steps": "1, two"}, "steps", "valid number"),
        ({"scope": "daily", "timeZone": "Mars/Base"}, "timeZone", "no IANA time zone"),
        ({"filterBy": "mood", "filterValues": "x"}, "filters", "cannot be filtered by mood"),
        ({"channels": "nobody"}, "channels", "There is no channel nobody"),
        ({"maxPerHour": "0"}, "maxPerHour", "greater than or equal to 1"),
        ({"link": "javascript:alert(1)"}, "link", "valid URL"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    here: Client, changed: dict[str, str], field: str, sentence: str
) -> None:
    refused = here.post("/alerts/new", {**FORM, "note": "kept", **changed})
    assert refused.status_code == 400
    beside = refused.text.split(f'id="error-{field}">')[1].split("</p>")[0]
    assert sentence in beside
    assert "kept" in refused.text
    assert not AlertRule.objects.exists()


def test_an_older_copy_does_not_overwrite_a_newer_one_unasked(here: Client) -> None:
    made = rule()
    place = f"/alerts/{made.public_id}/edit"
    here.post(place, FORM | {"name": "Theirs", "version": "1"})
    stale = here.post(place, FORM | {"name": "Mine", "version": "1"})
    assert "Somebody else changed this rule" in stale.text and 'value="Mine"' in stale.text
    assert 'name="version" value="2"' in stale.text
    assert here.post(place, FORM | {"name": "Mine", "version": "2"}).status_code == 302
    taken = here.post("/alerts/new", FORM | {"name": "mine"})
    assert "There is a rule named “mine” already." in taken.text


def test_the_draft_says_what_it_would_have_done(here: Client, tmp_path: Path) -> None:
    for n, dollars in enumerate((1, 6, 7)):
        spend(tmp_path, f"s{n}", 60 + n * 3600, dollars)
    read(tmp_path)
    told = here.post("/alerts/draft", FORM | {"name": ""}, headers=HTMX).text
    assert "Cost of a session is above $5.10." in told
    assert '<strong class="num">2</strong> times' in told
    assert f'href="/sessions/{samples.uid("s2")}"' in told and samples.uid("s0") not in told
    assert '"label": "Threshold"' in told and 'id="error-name" hx-swap-oob="true"></p>' in told
    wrong = here.post("/alerts/draft", FORM | {"steps": "9"}, headers=HTMX).text
    assert "each must be below" in wrong
    without_script = here.post("/alerts/new", FORM | {"try": "1"}).text
    assert '<strong class="num">2</strong> times' in without_script
    assert 'value="6.5"' in here.post("/alerts/new", FORM | {"suggested": "6.5"}).text
    assert not AlertRule.objects.exists()


def test_choices_follow_the_figure(here: Client) -> None:
    told = here.post("/alerts/fields", FORM | {"metric": "tool_error_rate", "scope": "rolling"}, headers=HTMX)
    assert 'value="tool"' in told.text and 'value="model_family"' not in told.text
    assert told.headers["HX-Trigger-After-Settle"] == '{"rule-fields": {}}'


def test_the_bell_counts_what_is_unread_until_it_is_read(here: Client, fired: AlertRule) -> None:
    Notification.objects.update(is_read=False, read_at=None)
    assert ">1</span>" in here.get("/alerts/notifications/bell").text
    assert 'hx-get="/alerts/notifications/bell"' in here.get("/sessions").text
    page = here.get("/alerts/notifications").text
    assert "1 unread" in page and "Dear: cost $6.00" in page
    one = Notification.objects.get()
    region = here.post(f"/alerts/notifications/{one.pk}/read", headers=HTMX)
    assert "All read" in region.text and "notifications-read" in region.headers["HX-Trigger"]
    here.post(f"/alerts/notifications/{one.pk}/read", {"unread": "1"})
    assert (
        f'hx-post="/alerts/notifications/{one.pk}/read?unread=1"'
        in here.get("/alerts/notifications?unread=1").text
    )
    assert "Dear: cost" in here.get("/alerts/notifications?unread=1").text
    assert here.post("/alerts/notifications/read").headers["Location"] == "/alerts/notifications"
    assert "bell-count" not in here.get("/alerts/notifications/bell").text
    assert here.post("/alerts/notifications/77/read").status_code == 404


def test_changes_are_posted_with_our_word(fired: AlertRule) -> None:
    strict = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)
    place = f"/alerts/{fired.public_id}"
    asked = [
        f"{place}/switch",
        f"{place}/snooze",
        f"{place}/delete",
        f"{place}/edit",
        "/alerts/new",
        "/alerts/draft",
    ]
    asked += ["/alerts/notifications/read", "/alerts/notifications/1/read"]
    assert {strict.post(address).status_code for address in asked} == {403}
    assert {strict.get(f"{place}/{act}").status_code for act in ("switch", "snooze")} == {405}
    fired.refresh_from_db()
    assert fired.deleted_at is None and fired.is_active


def test_the_dashboard_is_told_in_a_line_what_fires(client: Client, tmp_path: Path) -> None:
    address, here = "/alerts/notifications/firing", {"HX-Request": "true", "host": "localhost"}
    assert "No alert rule watches yet" in client.get(address, headers=here).text
    rule("Dear")
    assert "No alert fires, 1 rule watches" in client.get(address, headers=here).text
    spend(tmp_path, "dear", 60, 6, live=True)
    read(tmp_path, samples.START + timedelta(minutes=2))
    told = client.get(address, headers=here).text
    assert "chip-error" in told and "$6.00" in told and "<html" not in told
