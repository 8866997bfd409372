"""How long a log-in lasts: a week without use, a month in all."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from telemetry_site.middleware import GetResponse

LONGEST: Final = timedelta(days=30)
RENEWED_EVERY: Final = timedelta(hours=1)
BEGAN, RENEWED = "login_began", "login_renewed"


class SessionAge:
    """Ends log-ins that are a month old, and puts off the end of those that are used."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and BEGAN in request.session:
            now = timezone.now().timestamp()
            if now - request.session[BEGAN] > LONGEST.total_seconds():
                logout(request)
            elif now - request.session.get(RENEWED, 0) > RENEWED_EVERY.total_seconds():
                request.session[RENEWED] = now
        return self.get_response(request)


@receiver(user_logged_in)
def _begin(request: HttpRequest, **_: object) -> None:
    request.session[BEGAN] = request.session[RENEWED] = timezone.now().timestamp()


def end_everywhere(user: User) -> int:
    """End every log-in of an account, on whatever machine; how many there were."""
    mine = [session.pk for session in _sessions_of(user)]
    Session.objects.filter(pk__in=mine).delete()
    return len(mine)


def _sessions_of(user: User) -> Iterator[Session]:
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            yield session
