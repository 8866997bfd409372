"""What belongs to the site rather than to the data it shows: who may ask, and what was done."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from sessions.models import Project
from sessions.scope import Projects

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, now: datetime) -> ApiTokenQuerySet:
        """Neither revoked nor expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


class ApiToken(models.Model):
    """A secret by which a program asks, and what it may ask for. The secret itself is kept nowhere."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        METRICS_READ = "metrics:read", "Read metrics only"
        WRITE = "write", "Read and change"
        INGEST = "ingest", "Send"
        ADMIN = "admin", "Everything"

    name = models.CharField(max_length=100)
    # How the token begins: enough to recognise it in a list or a log, far too little to use it.
    beginning = models.CharField(max_length=12)
    # SHA-256 of the whole token. It is as random as a key, so that a slow password hash would add nothing.
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    # In team mode the person it acts for; None for a token of the installation itself.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="api_tokens"
    )
    # A field of its own: a bound token whose projects were all deleted may read nothing, not everything.
    every_project = models.BooleanField(default=True)
    projects = models.ManyToManyField(Project, blank=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"

    def state(self, now: datetime) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"

    @cached_property
    def project_ids(self) -> frozenset[int] | None:
        """The projects it may read; None for every project."""
        return None if self.every_project else frozenset(project.pk for project in self.projects.all())


class Membership(models.Model):
    """What an account may do in a project, or in every one. Without a row it may not know that a project is there."""

    class Role(models.TextChoices):
        VIEWER = "viewer", "Viewer: reads"
        MEMBER = "member", "Member: also links, alerts and saved views"
        ADMIN = "admin", "Admin: also tokens, channels, people and what was masked"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    # None: every project, those to come included.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    role = models.CharField(max_length=10, choices=Role)

    class Meta:
        ordering = ["user__username", "project__name", "id"]
        constraints = [
            models.UniqueConstraint(name="membership_one_role_in_a_project", fields=["user", "project"]),
            models.UniqueConstraint(
                name="membership_one_role_in_every_project", fields=["user"], condition=Q(project=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} of {self.project or 'every project'}"


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """What was done stays done: entries are read and added."""

    def update(self, **more: Any) -> NoReturn:
        raise TypeError("The audit log is added to and never changed.")

    def delete(self) -> NoReturn:
        raise TypeError("The audit log is added to and never shortened.")

    def of_projects(self, projects: Projects) -> AuditEntryQuerySet:
        """What was done in these projects; what concerns the whole site only where they are all of them."""
        return self if projects is None else self.filter(project_key__in=projects)


class AuditEntry(models.Model):
    """One thing that somebody did: who, what, when, and from where. Names are kept as they were, and no secrets."""

    at = models.DateTimeField(db_index=True)
    # The account; "" where there are none, as in local mode and for commands.
    actor = models.CharField(max_length=150, blank=True)
    # How it came: "page", "api", "command", or "login".
    way = models.CharField(max_length=10)
    # The token it was asked with, as lists name it.
    token = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=40, db_index=True)
    subject = models.CharField(max_length=300, blank=True)
    # Not a reference: an entry outlives what it is about.
    project_key = models.BigIntegerField(null=True)
    project = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor or self.way}: {self.action} {self.subject}".strip()

    def save(self, *args: Any, **more: Any) -> None:
        if self.pk is not None:
            raise TypeError("The audit log is added to and never changed.")
        super().save(*args, **more)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("The audit log is added to and never shortened.")


class FailedAttempt(models.Model):
    """One refused token or log-in of the last hour, so that guessing can be slowed down in every process alike."""

    # A digest of what is counted (an account, an address): people type passwords into the wrong field.
    counted = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["counted", "at"], name="failed_attempt_counted")]


class DataChange(models.Model):
    """Marks of what changed last. A writer gives one of the rows a new random mark, in the transaction of its change.

    Several rows, so that writers seldom wait for each other; random, so that a database that was restored never
    comes back to a mark it had before with other data.
    """

    slot = models.IntegerField(primary_key=True)
    mark = models.BigIntegerField()


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def of(self, owner: User | None) -> SavedViewQuerySet:
        """A person's own; in local mode, which knows nobody, those of nobody."""
        return self.filter(owner=owner)

    def present(self) -> SavedViewQuerySet:
        return self.filter(deleted_at=None)


class SavedView(models.Model):
    """A list of sessions that somebody gave a name to: the query of its address, without its page."""

    name = models.CharField(max_length=100)
    query = models.TextField(blank=True)
    # In team mode the person whose it is; None in local mode.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    # Set: deleted, and can be had back for a while.
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                name="saved_view_name_is_a_persons_own",
                fields=["owner", "name"],
                condition=Q(deleted_at=None, owner__isnull=False),
            ),
            models.UniqueConstraint(
                name="saved_view_name_is_nobodys_own",
                fields=["name"],
                condition=Q(deleted_at=None, owner__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name
