"""Writing into the audit log: from requests, from log-ins, from the admin, from commands."""

from __future__ import annotations

import logging
from getpass import getuser
from http import HTTPStatus
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import DatabaseError, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from sessions.acts import Act, told
from telemetry_site.access.addresses import client_address
from telemetry_site.access.authentication import token_sent_with
from telemetry_site.access.people import person
from telemetry_site.access.throttles import FILE_FORMATS
from telemetry_site.audit import actions
from telemetry_site.middleware import SAFE_METHODS, GetResponse, refusal
from telemetry_site.models import AuditEntry

NOT_SHOWN = "Nothing is shown, since that could not be recorded. Try again in a moment."
log = logging.getLogger(__name__)


def note(
    action: str, *, way: str, actor: str = "", request: HttpRequest | None = None, act: Act | None = None
) -> bool:
    """Add an entry; whether it is kept. What cannot be goes to the server's log: a change is not taken back."""
    act = act or Act("")
    token = token_sent_with(request) if request is not None else None
    entry = AuditEntry(
        at=timezone.now(),
        actor=(actor or (_actor(request) if request is not None else ""))[:150],
        way=way,
        token=str(token or "")[:120],
        address=client_address(request)[:64] if request is not None else "",
        action=action[:40],
        subject=printable(act.subject)[:300],
        project_key=act.project.pk if act.project else None,
        project=act.project.slug[:200] if act.project else "",
        details=act.details,
    )
    try:
        with transaction.atomic():
            entry.save()
    except DatabaseError as error:
        log.warning("Not in the audit log, since the database refused it (%s): %s", error, entry)
        return False
    return True


def printable(text: str) -> str:
    """Without characters that a terminal or a log would obey."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def _actor(request: HttpRequest) -> str:
    token = token_sent_with(request)
    if token is not None:
        return token.owner.get_username() if token.owner else ""
    asking = person(request) if hasattr(request, "user") else None
    return asking.get_username() if asking else ""


class AuditTrail:
    """Records every change that a request made, every file that was taken away, and what was refused."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and "admin" not in match.app_names:
            name = match.view_name or match.route
            if action := what_was_done(request, response, name.removesuffix("/")):
                way = "api" if request.path.startswith("/api/") else "page"
                kept = note(action, way=way, request=request, act=told(request) or _act(request))
                if action == actions.REVEALED and not kept:
                    # A change cannot be taken back; this can.
                    return refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, NOT_SHOWN)
        return response


def what_was_done(request: HttpRequest, response: HttpResponseBase, name: str) -> str | None:
    """The action to record for an answered request; None for none."""
    status = response.status_code
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return actions.REFUSED if _has_asker(request) else None
    if status >= HTTPStatus.BAD_REQUEST or name in actions.NOT_RECORDED:
        return None
    if request.method in SAFE_METHODS:
        is_file = name in actions.FILES or request.GET.get("format") in FILE_FORMATS
        return actions.EXPORTED if is_file and request.method == "GET" else None
    if name in actions.TOLD_BY_VIEW and told(request) is None:
        return None
    return actions.action_of(name, request.method or "")


def _has_asker(request: HttpRequest) -> bool:
    return bool(request.headers.get("Authorization") or _actor(request))


def _act(request: HttpRequest) -> Act:
    """What the address names, where the view said nothing."""
    match = request.resolver_match
    names = [str(value) for value in match.kwargs.values()] if match else []
    return Act(" ".join(names) or request.path)


@receiver(user_logged_in)
def _logged_in(request: HttpRequest, user: User, **_: Any) -> None:
    note(actions.LOGGED_IN, way="login", actor=user.get_username(), request=request)


@receiver(user_logged_out)
def _logged_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        note(actions.LOGGED_OUT, way="login", actor=user.get_username(), request=request)


@receiver(user_login_failed)
def _login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """The name is kept where it is an account's: people type passwords into the wrong field."""
    name = str(credentials.get("username") or "")
    known = User.objects.filter(username=name).exists()
    act = Act(name if known else "a name that no account has")
    note(actions.LOGIN_FAILED, way="login", request=request, act=act)


@receiver(post_save, sender=LogEntry)
def _in_the_admin(instance: LogEntry, created: bool, **_: Any) -> None:
    if created:
        verb = {1: "admin: added", 2: "admin: changed", 3: "admin: deleted"}
        what = f"{instance.content_type}: {instance.object_repr}"
        action = verb.get(instance.action_flag, "admin: did")
        note(action, way="page", actor=instance.user.get_username(), act=Act(what))


def note_command(name: str, words: str) -> None:
    """That a command changed something, as the user of the machine who ran it."""
    if name in actions.COMMANDS:
        note(actions.COMMANDS[name], way="command", actor=_machine_user(), act=Act(words))


def _machine_user() -> str:
    try:
        return getuser()
    except (OSError, KeyError):
        return ""
