"""Log-ins that fail too often have to wait, whichever page they are tried on."""

from http import HTTPStatus
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from telemetry_site.access.addresses import client_address
from telemetry_site.access.attempts import (
    LOGINS_BY_ACCOUNT,
    LOGINS_BY_ADDRESS,
    Limit,
    forget_failures,
    note_failure,
    seconds_to_wait,
)
from telemetry_site.middleware import GetResponse, refusal


class TooManyLogins(Exception):
    """An account or an address failed too often; nothing is tried until `seconds` have passed."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class PatientBackend(ModelBackend):
    """Django's accounts and passwords, with a pause after too many failures.

    It stands where passwords are checked, so that no page to log in on can be forgotten. The pause comes before
    the password is looked at: who guesses right meanwhile learns nothing.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User | None:
        if request is None or username is None:
            return super().authenticate(request, username, password, **more)
        counted = _counted(request, username)
        now = timezone.now()
        waits = [wait for limit, who in counted if (wait := seconds_to_wait(limit, who, now)) is not None]
        if waits:
            raise TooManyLogins(max(waits))
        user = super().authenticate(request, username, password, **more)
        if user is None:
            for limit, who in counted:
                note_failure(limit, who, now)
        else:
            forget_failures(LOGINS_BY_ACCOUNT, _account(username))
        return user


def _counted(request: HttpRequest, username: str) -> list[tuple[Limit, str]]:
    return [(LOGINS_BY_ACCOUNT, _account(username)), (LOGINS_BY_ADDRESS, client_address(request))]


def _account(username: str) -> str:
    """One account for all spellings that somebody may try."""
    return username.strip().casefold()


class LoginPause:
    """Answers 429 where a log-in has to wait."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if not isinstance(exception, TooManyLogins):
            return None
        minutes = -(-exception.seconds // 60)
        sentence = f"Too many log-ins failed. Try again in {minutes} minute{'' if minutes == 1 else 's'}."
        response = refusal(request, HTTPStatus.TOO_MANY_REQUESTS, sentence)
        response.headers["Retry-After"] = str(exception.seconds)
        return response
