"""`TELEMETRY_LOCAL_AUTH=link`: on a machine with other users, a browser proves once that it is its owner's.

`up` prints an address with a code that works once. Whoever opens it gets a cookie; everybody else is refused,
programs with a token excepted. What is kept of the code is its digest, in a file of the data folder.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from hashlib import sha256
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rest_framework.exceptions import APIException

from telemetry_site.access.authentication import CHALLENGE, token_of
from telemetry_site.middleware import GetResponse, refusal

COOKIE: Final = "agent_ledger_key"
SALT: Final = "agent-ledger-local-key"
LASTS_SECONDS: Final = 30 * 86_400
OPEN: Final = frozenset({"/api/health", "/api/health/"})
SENTENCE: Final = (
    "Open the address that `manage.py up` printed, or `manage.py open` prints anew; programs send a token."
)


def new_link() -> str:
    """The path of an address that lets one browser in, once; the one before it ends."""
    code = secrets.token_urlsafe(32)
    file = _code_file()
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as kept:
        kept.write(sha256(code.encode()).hexdigest())
    return reverse("open", args=[code])


def take(code: str) -> bool:
    """Whether this is the code, which it is no more afterwards: of two at once one is told so."""
    file = _code_file()
    with suppress(OSError):
        if compare_digest(file.read_text(), sha256(code.encode()).hexdigest()):
            file.unlink()
            return True
    return False


def _code_file() -> Path:
    return Path(settings.TELEMETRY_DATA_DIR) / "open-link"


@never_cache
@require_safe
def open_page(request: HttpRequest, code: str) -> HttpResponse:
    """Let the browser in that brings the code, and send it where the code is not in the address."""
    if settings.IS_TEAM or settings.TELEMETRY_LOCAL_AUTH != "link":
        return redirect("dashboard")
    if request.method != "GET" or not take(code):
        return refusal(request, HTTPStatus.FORBIDDEN, f"This link was used or is an older one. {SENTENCE}")
    response = redirect("dashboard")
    word = signing.dumps("local", salt=SALT)
    response.set_cookie(COOKIE, word, max_age=LASTS_SECONDS, httponly=True, samesite="Lax")
    return response


class LocalKey:
    """In local mode with links, answers only browsers that were let in, and programs with a token."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.IS_TEAM or settings.TELEMETRY_LOCAL_AUTH != "link" or _is_let_in(request):
            return self.get_response(request)
        response = refusal(request, HTTPStatus.UNAUTHORIZED, SENTENCE)
        response.headers["WWW-Authenticate"] = CHALLENGE
        return response


def _is_let_in(request: HttpRequest) -> bool:
    if request.path in OPEN or request.path.startswith("/open/"):
        return True
    try:
        signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LASTS_SECONDS)
        return True
    except signing.BadSignature:
        pass
    if not request.path.startswith("/api/") and request.path != "/metrics":
        return False
    try:
        return token_of(request) is not None
    except APIException:
        return True  # the view says what is wrong with the token
