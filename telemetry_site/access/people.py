"""Who asks, for what is kept per person."""

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest


def person(request: HttpRequest) -> User | None:
    """Who is logged in. Local mode knows nobody, whoever may be logged in to the admin."""
    if not settings.IS_TEAM:
        return None
    return request.user if isinstance(request.user, User) else None
