"""Answers that the asker already has are not made and sent again."""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any
from zlib import crc32

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.gzip import gzip_page
from rest_framework.exceptions import APIException

from telemetry_site.access.asking import asker_of
from telemetry_site.access.authentication import token_of
from telemetry_site.access.permissions import missing_scope
from telemetry_site.data_version import data_version
from telemetry_site.models import ApiToken

View = Callable[..., HttpResponseBase]


def conditional(view: View) -> View:
    """Give a view's answers to GET an ETag from the data version, answer `If-None-Match`, and compress.

    The version is asked before the answer is made: an answer may be newer than its ETag, never older.
    """
    compressed = gzip_page(view)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        etag = _etag(request)
        unchanged = get_conditional_response(request, etag=etag) if etag else None
        response: HttpResponseBase = unchanged or compressed(request, *args, **kwargs)
        if etag and response.status_code in (200, 304):
            response.headers["ETag"] = etag
            # Whoever keeps the answer has to ask before using it again; it is one person's, not a proxy's.
            patch_cache_control(response, private=True, no_cache=True)
        return response

    return answer


def _etag(request: HttpRequest) -> str | None:
    """Weak, since a compressed answer has other bytes; None where no version can be told."""
    if request.method not in ("GET", "HEAD"):
        return None
    try:
        asker = _asker(request)
        version = data_version(timezone.now()) if asker else None
    except (APIException, DatabaseError):
        return None  # the view will say what is wrong
    # A list that is asked for as a file is another answer, too.
    accepted = crc32(request.headers.get("Accept", "").encode())
    return f'W/"{version}-{asker}-{accepted:x}"' if version else None


def _asker(request: HttpRequest) -> str | None:
    """Who asks: what one may read another may not, so that the same data is another answer.

    None where the view decides first whether the asker may know anything at all.
    """
    token = token_of(request)
    if token is not None:
        if missing_scope(token, request) is not None:
            return None
        return _digest(token.pk, token.scopes, _readable(request, token))
    if settings.IS_TEAM and not request.user.is_authenticated:
        return None
    return _digest("person", request.user.pk or 0, _readable(request, None))


def _readable(request: HttpRequest, token: ApiToken | None) -> list[int] | None:
    projects = asker_of(request).projects(token)
    return None if projects is None else sorted(projects)


def _digest(*parts: Any) -> str:
    return sha256(repr(parts).encode()).hexdigest()[:12]
