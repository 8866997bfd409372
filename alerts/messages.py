"""What goes out: one message about some events of one rule, in the words of each kind of channel.

Names, values and addresses only. What a model or a tool said stays in the house.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, MailerDoesNotExist

from alerts import egress
from alerts.models import AlertEvent, Channel
from alerts.signatures import signed_headers
from alerts.states import ALARMED, State
from sessions.api_fields import iso

MOST_EVENTS = 10
USER_AGENT = "agent-ledger"
DISCORD_LENGTH = 1900
_PRIORITIES = {"info": 2, "warning": 3, "critical": 5}


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel is told. `more` events are not listed; `suppressed` messages were not sent before this one."""

    id: str
    type: str
    title: str
    events: Sequence[AlertEvent]
    more: int = 0
    suppressed: int = 0
    is_test: bool = False

    @property
    def severity(self) -> str:
        order = list(_PRIORITIES)
        return max((event.severity for event in self.events), key=order.index, default="info")

    @property
    def lines(self) -> list[str]:
        """Every event in a sentence, then what is left out."""
        told = [event.message for event in self.events]
        told += [f"... and {self.more} more"] if self.more else []
        told += (
            [f"{self.suppressed} earlier messages were not sent: too many within an hour"]
            if self.suppressed
            else []
        )
        return told


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt went. `status` None: no answer came; for mail it is handed over without one."""

    is_ok: bool
    status: int | None = None
    detail: str = ""
    retry_after: str = ""


def message_of(message_id: str, events: Sequence[AlertEvent], *, suppressed: int = 0) -> Message:
    """One message about events of one rule, the newest first."""
    ordered = sorted(events, key=lambda event: (event.event_time, event.pk), reverse=True)
    firing = [event for event in ordered if event.to_state == State.FIRING]
    kind = "alert.fired" if firing else "alert.resolved"
    rule = ordered[0].rule
    count = f" ({len(ordered)})" if len(ordered) > 1 else ""
    word = "Alert" if firing else "Over" if ordered[0].from_state in ALARMED else "Notice"
    shown = ordered[:MOST_EVENTS]
    return Message(
        message_id, kind, f"{word}: {rule.name}{count}", shown, len(ordered) - len(shown), suppressed
    )


def sample_message(message_id: str, name: str) -> Message:
    return Message(message_id, "alert.test", f"Test: {name}", (), is_test=True)


def send(channel: Channel, message: Message, at: datetime) -> Outcome:
    """One attempt. Never raises for what a receiver or an address does."""
    try:
        if channel.kind == Channel.Kind.EMAIL:
            return _mail(channel, message)
        url, body, headers = _request(channel, message, at)
        answer = egress.post(url, body, headers, allowed_hosts=settings.TELEMETRY_ALERT_HOSTS)
    except egress.TargetRefused as error:
        return Outcome(False, None, str(error))
    except egress.SendFailed as error:
        return Outcome(False, None, str(error))
    is_ok = 200 <= answer.status < 300
    return Outcome(is_ok, answer.status, answer.excerpt, answer.retry_after)


def _request(channel: Channel, message: Message, at: datetime) -> tuple[str, bytes, dict[str, str]]:
    url, payload = channel.target, _payload(channel, message, at)
    if channel.kind == Channel.Kind.NTFY:
        # Its JSON form is posted to the server itself, the topic is inside.
        url = url.rpartition("/")[0] + "/"
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    if channel.kind == Channel.Kind.WEBHOOK:
        headers |= signed_headers(message.id, at, body, (channel.secret, channel.previous_secret))
    return url, body, headers


def _payload(channel: Channel, message: Message, at: datetime) -> dict[str, Any]:
    match channel.kind:
        case Channel.Kind.SLACK:
            return _slack(message)
        case Channel.Kind.DISCORD:
            return _discord(message)
        case Channel.Kind.NTFY:
            return _ntfy(channel.target, message)
        case _:
            return _webhook(message, at)


def _webhook(message: Message, at: datetime) -> dict[str, Any]:
    events = [_event(event) for event in message.events]
    data = {"title": message.title, "events": events, "more": message.more, "suppressed": message.suppressed}
    return {"type": message.type, "timestamp": iso(at), "data": data}


def _event(event: AlertEvent) -> dict[str, Any]:
    instance = event.instance
    sessions = [*event.evidence.get("sessions", ()), *event.evidence.get("contributors", ())]
    return {
        "id": str(event.pk),
        "alertId": event.rule.public_id,
        "name": event.rule.name,
        "metric": event.rule.metric,
        "message": event.message,
        "fromState": event.from_state,
        "toState": event.to_state,
        "reason": event.reason,
        "severity": event.severity,
        "value": None if event.value is None else float(event.value),
        "threshold": None if event.threshold is None else float(event.threshold),
        "group": instance.group,
        "subject": instance.subject,
        "eventTime": iso(event.event_time),
        "sessions": [{"id": each["id"], "href": address(each["href"])} for each in sessions],
    }


def _text(message: Message) -> str:
    links = [
        address(each["href"])
        for event in message.events[:1]
        for each in (*event.evidence.get("sessions", ()), *event.evidence.get("contributors", ()))
    ]
    return "\n".join([*message.lines, *links[:3]]) or "This is a test."


def _slack(message: Message) -> dict[str, Any]:
    escaped = _text(message).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    title = message.title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": f"*{title}*\n{escaped}"}


def _discord(message: Message) -> dict[str, Any]:
    content = f"**{message.title}**\n{_text(message)}"[:DISCORD_LENGTH]
    return {"content": content, "allowed_mentions": {"parse": []}}


def _ntfy(target: str, message: Message) -> dict[str, Any]:
    topic = urlsplit(target).path.rpartition("/")[2]
    priority = _PRIORITIES[message.severity]
    return {"topic": topic, "title": message.title, "message": _text(message), "priority": priority}


def _mail(channel: Channel, message: Message) -> Outcome:
    subject = " ".join(message.title.split())
    to = [each.strip() for each in channel.target.split(",")]
    mail = EmailMessage(
        subject, _text(message), to=to, headers={"Message-ID": f"<{message.id}@agent-ledger>"}
    )
    try:
        mail.send()
    except MailerDoesNotExist:
        return Outcome(False, None, "No mail server is set; TELEMETRY_MAIL names one.")
    except (OSError, ValueError) as error:
        return Outcome(False, None, f"The mail was not taken ({type(error).__name__}).")
    return Outcome(True)


def address(path: str) -> str:
    """A page as others reach it, where TELEMETRY_PUBLIC_URL says how; else its path alone."""
    return settings.TELEMETRY_PUBLIC_URL.rstrip("/") + path
