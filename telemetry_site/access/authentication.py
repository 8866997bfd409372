"""Who asks the API: the token of a program, held to what it was made for."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, Throttled
from rest_framework.request import Request

from telemetry_site.access.addresses import client_address
from telemetry_site.access.attempts import TOKENS_BY_ADDRESS, note_failure, seconds_to_wait
from telemetry_site.access.tokens import TokenRefused, note_use, usable_token
from telemetry_site.models import ApiToken

CHALLENGE = 'Bearer realm="Agent Ledger"'
_ANSWER = "_agent_ledger_token"


@dataclass(frozen=True, slots=True)
class _Answer:
    token: ApiToken | None
    refusal: APIException | None = None


def token_of(request: HttpRequest) -> ApiToken | None:
    """The token a request was sent with, if any; a second question costs nothing and counts no second failure.

    Raises AuthenticationFailed for one that may not be used, Throttled after too many of those.
    """
    answer: _Answer | None = getattr(request, _ANSWER, None)
    if answer is None:
        answer = _answer(request, timezone.now())
        setattr(request, _ANSWER, answer)
    if answer.refusal is not None:
        raise answer.refusal
    return answer.token


def token_sent_with(request: HttpRequest) -> ApiToken | None:
    """The token that was read from a request before, if any; asks nothing and counts nothing."""
    answer: _Answer | None = getattr(request, _ANSWER, None)
    return answer.token if answer is not None else None


def _answer(request: HttpRequest, now: datetime) -> _Answer:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return _Answer(None)
    try:
        token = usable_token(secret.strip(), now)
    except TokenRefused as refused:
        return _Answer(None, _refusal(str(refused), client_address(request), now))
    note_use(token, now)
    return _Answer(token)


def _refusal(sentence: str, address: str, now: datetime) -> APIException:
    """A valid token is never refused for others' failures from the same address: nobody guesses 190 bits."""
    wait = seconds_to_wait(TOKENS_BY_ADDRESS, address, now)
    if wait is not None:
        return Throttled(wait, "Too many tokens that are not valid came from this address.")
    note_failure(TOKENS_BY_ADDRESS, address, now)
    return AuthenticationFailed(sentence)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer al_…`. The token becomes `request.auth`."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, ApiToken] | None:
        token = token_of(request._request)
        return None if token is None else (token.owner or AnonymousUser(), token)

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE
