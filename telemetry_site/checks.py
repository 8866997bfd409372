"""System checks for settings that are valid one by one but do not go together.

`manage.py` runs them before every command, and `telemetry_site/wsgi.py` before it answers the first request, so a
server started by hand is held to them too.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured

TAG = "telemetry"


def refuse_unsafe_settings() -> None:
    """Raise ImproperlyConfigured with every error of these checks, one sentence each."""
    errors = [message for message in run_checks(tags=[TAG]) if message.is_serious()]
    if errors:
        raise ImproperlyConfigured(" ".join(f"{error.id}: {error.msg} {error.hint}" for error in errors))


@register(TAG)
def team_mode_is_complete(**_: Any) -> list[CheckMessage]:
    """Team mode shows other people's work on a network: whatever protects it must have been decided by someone."""
    if settings.TELEMETRY_MODE != "team":
        return []
    found: list[CheckMessage] = []
    if not settings.TELEMETRY_SECRET_KEY_GIVEN:
        found.append(
            Error(
                "TELEMETRY_MODE is team, but TELEMETRY_SECRET_KEY is not set.",
                hint="Give all processes of the server the same random key of 32 characters or more.",
                id="telemetry.E001",
            )
        )
    if not settings.TELEMETRY_ALLOWED_HOSTS:
        found.append(
            Error(
                "TELEMETRY_MODE is team, but TELEMETRY_ALLOWED_HOSTS is empty.",
                hint="List the names people type to reach the server, separated by commas.",
                id="telemetry.E002",
            )
        )
    if settings.DEBUG:
        found.append(
            Error(
                "TELEMETRY_MODE is team, but TELEMETRY_DEBUG is on.",
                hint="Error pages with source code and settings are for a developer's own machine.",
                id="telemetry.E003",
            )
        )
    return found


@register(TAG)
def transport_is_declared(**_: Any) -> list[CheckMessage]:
    """Log-ins over plain HTTP need someone's word that the network is trusted."""
    proxy, plain = settings.TELEMETRY_TRUSTED_PROXY, settings.TELEMETRY_INSECURE_HTTP
    if proxy and plain:
        return [
            Error(
                "TELEMETRY_TRUSTED_PROXY and TELEMETRY_INSECURE_HTTP are both on.",
                hint="Keep the first behind a proxy with TLS, the second without TLS.",
                id="telemetry.E004",
            )
        ]
    if settings.TELEMETRY_MODE == "team" and not proxy and not plain:
        return [
            Error(
                "TELEMETRY_MODE is team, but nothing says how requests are encrypted.",
                hint="Set TELEMETRY_TRUSTED_PROXY=yes behind a proxy with TLS that sets X-Forwarded-Proto itself, "
                "or TELEMETRY_INSECURE_HTTP=yes to send passwords in the clear.",
                id="telemetry.E005",
            )
        ]
    return []


@register(TAG)
def local_mode_stays_local(**_: Any) -> list[CheckMessage]:
    if settings.TELEMETRY_MODE != "local" or not settings.TELEMETRY_ALLOWED_HOSTS:
        return []
    return [
        Warning(
            "TELEMETRY_ALLOWED_HOSTS is set, but TELEMETRY_MODE is local, which has no login.",
            hint="Whoever can make one of these names reach this machine sees everything: "
            "use TELEMETRY_MODE=team, or unset it.",
            id="telemetry.W001",
        )
    ]


@register(TAG)
def clients_are_local_too(**_: Any) -> list[CheckMessage]:
    """Without a log-in, a page of a listed origin reads and changes everything, whoever wrote its scripts."""
    foreign = [
        origin
        for origin in settings.TELEMETRY_CORS_ORIGINS
        if urlsplit(origin).hostname not in ("localhost", "127.0.0.1", "::1")
    ]
    if settings.TELEMETRY_MODE != "local" or not foreign:
        return []
    return [
        Warning(
            f"TELEMETRY_CORS_ORIGINS lists {foreign[0]}, but TELEMETRY_MODE is local, which has no login.",
            hint="Pages from there can read and change everything: list origins of this machine only, "
            "or use TELEMETRY_MODE=team.",
            id="telemetry.W003",
        )
    ]


@register(TAG)
def data_folder_is_private(**_: Any) -> list[CheckMessage]:
    """Transcripts hold source code, prompts and whatever secret a tool once printed."""
    folder = Path(settings.TELEMETRY_DATA_DIR)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & 0o077:
        return []
    return [
        Warning(
            f"Other users of this machine may enter the data folder {folder} (mode {mode:04o}).",
            hint=f"Run: chmod 700 {folder}",
            id="telemetry.W002",
        )
    ]
