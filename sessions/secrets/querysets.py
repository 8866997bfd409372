"""The vocabulary of questions about secrets that were found."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, F, Max, Min, Window
from django.db.models.functions import RowNumber

if TYPE_CHECKING:
    from sessions.models import SecretFinding


class SecretFindingQuerySet(models.QuerySet[Any]):
    def different(self) -> int:
        """How many secrets these findings are of."""
        return self.order_by().values("fingerprint", "kind").distinct().count()

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
        return told.order_by(F("last").desc(nulls_last=True), "example")

    def like(self, example: "SecretFinding") -> "SecretFindingQuerySet":
        """Findings of the same secret."""
        return self.filter(fingerprint=example.fingerprint, kind=example.kind)

    def newest_of(self, fingerprints: Collection[int], most: int) -> Any:
        """At most so many of the findings of each of these secrets, with their sessions, the newest first."""
        newest = [F("at_ms").desc(nulls_last=True), F("id").desc()]
        place = Window(RowNumber(), partition_by=[F("fingerprint"), F("kind")], order_by=newest)
        mine = self.filter(fingerprint__in=fingerprints).annotate(place=place)
        return mine.filter(place__lte=most).newest_first()

    def newest_first(self) -> Any:
        """The findings with their sessions, in the order in which their lines were written."""
        return self.select_related("session").order_by(F("at_ms").desc(nulls_last=True), "-id")
