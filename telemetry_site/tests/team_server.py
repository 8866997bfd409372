"""Team mode as a server has it, without starting one: everybody logs in, and the API knows log-ins."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.test import override_settings
from drf_spectacular.views import SpectacularAPIView
from rest_framework.authentication import SessionAuthentication
from rest_framework.views import APIView

from telemetry_site.access.authentication import TokenAuthentication

_LOGIN = "django.contrib.auth.middleware.LoginRequiredMiddleware"
_AFTER = "django.contrib.auth.middleware.AuthenticationMiddleware"


@contextmanager
def team_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What depends on the mode while the settings are read, as it is in team mode."""
    middleware = [*settings.MIDDLEWARE]
    middleware.insert(middleware.index(_AFTER) + 1, _LOGIN)
    for view in (APIView, SpectacularAPIView):
        monkeypatch.setattr(view, "authentication_classes", [TokenAuthentication, SessionAuthentication])
    with override_settings(IS_TEAM=True, MIDDLEWARE=middleware):
        yield
