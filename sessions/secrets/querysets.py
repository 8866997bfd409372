"""The vocabulary of questions about secrets that were found."""

from typing import Any

from django.db import models
from django.db.models import Count, Max, Min


class SecretFindingQuerySet(models.QuerySet[Any]):
    def by_secret(self) -> Any:
        """Rows (fingerprint, kind, hint, lines, sessions, first, last, example), the last seen first."""
        rows = self.order_by().values("fingerprint", "kind", "hint")
        told = rows.annotate(
            lines=Count("id"),
            sessions=Count("session_id", distinct=True),
            first=Min("at_ms"),
            last=Max("at_ms"),
            example=Min("id"),
        )
        return told.order_by(models.F("last").desc(nulls_last=True), "example")
