"""Making, finding and revoking API tokens."""

import secrets
import string
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from sessions.models import Project
from telemetry_site.models import ApiToken

Scope = ApiToken.Scope

# `al_r_` and 32 of 62 characters: 190 random bits. Letters and digits only, so that a double click takes it all.
LETTERS: Final = {
    Scope.ADMIN: "a",
    Scope.WRITE: "w",
    Scope.INGEST: "i",
    Scope.READ: "r",
    Scope.METRICS_READ: "m",
}
ALPHABET: Final = string.ascii_letters + string.digits
RANDOM_CHARACTERS: Final = 32
SHOWN_CHARACTERS: Final = len("al_r_") + 5
USE_NOTED_EVERY: Final = timedelta(minutes=1)
# Milliseconds. Noting a use is not worth keeping an answer waiting while a long transaction writes.
PATIENCE_MS: Final = 50


class TokenRefused(Exception):
    """A token that may not be used; the message is a sentence for whoever sent it."""


def new_secret(scopes: Iterable[str]) -> str:
    """A token's text. Its letter names the strongest scope, so that a leaked one is recognised for what it is."""
    held = set(scopes)
    letter = next(letter for scope, letter in LETTERS.items() if scope in held)
    return f"al_{letter}_" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))


def digest_of(secret: str) -> str:
    """What is kept of a token."""
    return sha256(secret.encode()).hexdigest()


def create_token(
    name: str,
    scopes: Iterable[str],
    *,
    projects: Iterable[Project] | None = None,
    expires_at: datetime | None = None,
    owner: User | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its secret, which nobody can tell again. `projects` None: every project."""
    held = sorted(set(scopes))
    if not held or not set(held) <= set(Scope.values):
        raise ValueError(f"A token has one or more of the scopes {', '.join(Scope.values)}.")
    secret = new_secret(held)
    with transaction.atomic():
        token = ApiToken.objects.create(
            name=name,
            beginning=secret[:SHOWN_CHARACTERS],
            digest=digest_of(secret),
            scopes=held,
            owner=owner,
            every_project=projects is None,
            created_at=timezone.now(),
            expires_at=expires_at,
        )
        if projects is not None:
            token.projects.set(projects)
    return token, secret


def usable_token(secret: str, now: datetime) -> ApiToken:
    """The token of this secret. Raises TokenRefused when there is none that may be used.

    It is found by its digest: how long that takes tells about the digest of a guess, not about any token.
    """
    digest = digest_of(secret)
    token = ApiToken.objects.select_related("owner").filter(digest=digest).first()
    if token is None or not constant_time_compare(token.digest, digest):
        raise TokenRefused("This token is not known here.")
    if (state := token.state(now)) != "active":
        raise TokenRefused(f"This token is {state}.")
    if token.owner is not None and not token.owner.is_active:
        raise TokenRefused("This token belongs to an account that is switched off.")
    return token


def revoke(token: ApiToken, now: datetime) -> None:
    """End a token's use; the first time counts."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def note_use(token: ApiToken, now: datetime) -> None:
    """Keep when a token was last used, to the minute; left out where the database is busy."""
    earlier = now - USE_NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at > earlier:
        return
    due = ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=earlier), pk=token.pk)
    try:
        with _impatience():
            due.update(last_used_at=now)
    except OperationalError:
        pass


@contextmanager
def _impatience() -> Iterator[None]:
    """On SQLite, give up a write after PATIENCE_MS instead of waiting for whoever is writing."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        before = int(cursor.fetchone()[0])
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {before}")
