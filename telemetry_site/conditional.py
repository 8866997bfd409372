"""Answers that the asker already has are not made and sent again."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.gzip import gzip_page

from telemetry_site.data_version import data_version

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
    # Where people log in, the view decides first who may know anything at all.
    if settings.IS_TEAM and not request.user.is_authenticated:
        return None
    try:
        version = data_version(timezone.now())
    except DatabaseError:
        return None  # the view will say what is wrong
    # What one person may read another may not: the same data, another answer.
    return f'W/"{version}-{request.user.pk or 0}"'
