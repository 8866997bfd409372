"""What the API says about rules, what they said, and where it was told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone

from analytics import formatting
from analytics.metrics import Unit
from telemetry_site.tests.asking import ask
from telemetry_site.tests.compared import Region, Seen, Sent, Wanted, api, items, numbered

LATELY = timedelta(days=30)
DAYS_TRIED = 90
Row = dict[str, Any]


def written(rule: Row, value: float | None) -> str | None:
    """A value of a rule as pages write it."""
    return None if value is None else formatting.figure(value, Unit(rule["unit"])).text


def last_value(rule: Row) -> tuple[Wanted, ...]:
    """The value and, for a threshold above it, how far it is on the way there."""
    if rule["lastValue"] is None:
        return (None,)
    is_way = rule["condition"] == "static" and rule["operator"].startswith(">")
    share = min(100, int(100 * rule["lastValue"] / rule["threshold"]))
    return (written(rule, rule["lastValue"]), *([share] if is_way else []))


def began(event: Row) -> bool:
    """Whether it began to fire, or fired for a graver step."""
    return bool(event["toState"] == "firing" and event["fromState"] != "firing")


def fired_lately(rule: Row) -> int:
    since = timezone.now() - LATELY
    events = items(f"analytics/alerts/{rule['id']}/events")
    return sum(began(each) and datetime.fromisoformat(each["eventTime"]) >= since for each in events)


def rule_list() -> None:
    seen = Seen("/alerts")
    rules = api("analytics/alerts")
    firing = sum(rule["firing"] for rule in rules)
    if firing:
        seen.same(("Firing now",), firing)
    seen.same(("Rules",), len(rules))
    for rule in rules:
        seen.same(("Rules", rule["id"], "Last value"), *last_value(rule))
        seen.same(("Rules", rule["id"], "Fired in 30 days"), fired_lately(rule))
    seen.done()


def rule_page(rule: Row) -> None:
    seen = Seen(f"/alerts/{rule['id']}")
    events = items(f"analytics/alerts/{rule['id']}/events")
    seen.same((rule["name"], "Last value"), *last_value(rule))
    seen.same((rule["name"], "Fired in 30 days"), fired_lately(rule))
    seen.same((rule["name"], "Version"), rule["version"])
    shown = sorted(events, key=newest, reverse=True)[: seen.html.count('id="event-')]
    told = [written(rule, each[name]) for each in shown for name in ("value", "threshold")]
    seen.same(("What happened",), *(each for each in told if each is not None))
    seen.says(*(numbered(each["samples"], "sample") for each in shown))
    if events:
        seen.says(numbered(len(events), "event"))
    seen.done()


def newest(event: Row) -> tuple[str, int]:
    return event["eventTime"], int(event["id"])


def rule_deletion(rule: Row) -> None:
    """How often it fired of late."""
    seen = Seen(f"/alerts/{rule['id']}/delete")
    seen.says(numbered(fired_lately(rule), "time"))
    seen.done()


def draft(rule: Row) -> None:
    """What a rule would have said: the page asks the 90 days up to now, or up to the hour after the latest entry."""
    fields = ("name", "metric", "operator", "threshold", "scope", "severity")
    form = {name: str(rule[name]) for name in fields}
    seen = Sent("/alerts/draft", form)
    end = datetime.fromisoformat(max(each["timestamp"] for each in items("responses")))
    end = (end + timedelta(hours=1)).astimezone(UTC)
    body = {
        "rule": {name: rule[name] for name in fields} | {"notifyResolved": False},
        "start": (end - timedelta(days=90)).isoformat(),
        "end": end.isoformat(),
    }
    answer = ask("/api/analytics/alerts/preview", method="POST", body=body)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    shown = [each for place in list(seen.left) if len(place) == 1 for each in seen.take(*place)]
    wanted = [told["fired"], *([told["notifications"]] if told["fired"] else [])]
    assert [each.value for each in shown] == wanted, (rule["id"], shown, wanted)
    seen.says(numbered(told["fired"], "time"), numbered(told["notifications"], "notification"))
    rows_of_draft(seen, rule, told, body)
    seen.done()


def rows_of_draft(seen: Seen, rule: Row, told: Row, body: Row) -> None:
    """What would have fired, the latest first, and the course of what is watched."""
    fired = sorted((each for each in told["transitions"] if began(each)), key=lambda each: each["at"])
    for column, name in {"Value": "value", "Threshold": "threshold"}.items():
        shown = [each.text for each in seen.take("When it would have fired", "", column)]
        assert sorted(shown) == sorted(str(written(rule, each[name])) for each in fired[::-1][:50]), column
    course(seen, rule, told, body)


def course(seen: Seen, rule: Row, told: Row, body: Row) -> None:
    """The worst of each day, as the API tells it."""
    (heading,) = {place[0] for place in seen.left if len(place) == 3}
    side, worst = ("Highest", max) if rule["operator"].startswith(">") else ("Lowest", min)
    of = "session" if rule["scope"] == "session" else "value"
    days = seen.rows(heading)
    assert len(days) == DAYS_TRIED + 1
    for day in days:
        points = told["points"] if of == "session" else points_of(body, day)
        values = [
            each["value"] for each in points if each["at"].startswith(day) and each["value"] is not None
        ]
        seen.same((heading, day, f"{side} {of} of the day"), worst(values, default=None))
        seen.same((heading, day, "Threshold"), rule["threshold"])


def points_of(body: Row, day: str) -> list[Row]:
    """Every value of a day: of a longer stretch the API tells some of them."""
    after = date.fromisoformat(day) + timedelta(days=1)
    ends = {
        "start": max(body["start"], f"{day}T00:00:00+00:00"),
        "end": min(body["end"], f"{after}T00:00:00+00:00"),
    }
    answer = ask("/api/analytics/alerts/preview", method="POST", body=body | ends)
    assert answer.status_code == 200, answer.content
    points: list[Row] = answer.json()["points"]
    return points


def notifications() -> None:
    seen = Seen("/alerts/notifications")
    told = api("analytics/notifications")
    seen.says(f"{sum(not each['isRead'] for each in told)} unread", numbered(len(told), "notification"))
    for each in told:
        seen.repeats(each["message"])
    seen.done()


def bell() -> None:
    seen = Region("/alerts/notifications/bell")
    unread = sum(not each["isRead"] for each in api("analytics/notifications"))
    seen.same(("",), *([unread] if unread else []))
    seen.done()


def firing_region() -> None:
    """The gravest three as words, and how many more."""
    seen = Region("/alerts/notifications/firing")
    firing = sum(rule["firing"] for rule in api("analytics/alerts"))
    assert seen.html.count('<a class="chip chip-error"') == min(firing, 4)
    if not firing:
        seen.says(numbered(sum(rule["isActive"] for rule in api("analytics/alerts")), "rule"))
    assert firing <= 3 or f"{firing - 3} more alerts fire" in seen.html
    seen.done()


def channel_list() -> None:
    Seen("/alerts/channels").done()


def channel_page() -> None:
    for channel in api("analytics/channels"):
        seen = Seen(f"/alerts/channels/{channel['id']}")
        seen.same((channel["name"], "Failures in a row"), channel["consecutiveFailures"])
        attempts: dict[str, list[int]] = {}
        for each in items(f"analytics/channels/{channel['id']}/deliveries"):
            attempts.setdefault(each["alertId"], []).append(each["attempts"])
        for name, told in attempts.items():
            seen.same(("Told last", name, "Attempts"), *told)
        seen.done()
