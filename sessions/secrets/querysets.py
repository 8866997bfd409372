"""The vocabulary of questions about secrets that were found."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, Count, F, Max, Min, Sum, When, Window
from django.db.models.functions import RowNumber

if TYPE_CHECKING:
    from sessions.models import SecretFinding


class SecretFindingQuerySet(models.QuerySet[Any]):
    def of_lines(self) -> "SecretFindingQuerySet":
        """What was found in lines of transcripts, and not in files of other kinds."""
        return self.filter(entry_id__isnull=False)

    def different(self) -> int:
        """How many secrets these findings are of."""
        return self.order_by().values("fingerprint", "kind").distinct().count()

    def by_secret(self) -> Any:
        """Rows (fingerprint, kind, hint, lines, sessions, files, first, last, example), the last seen first.

        `sessions` are those that were read, `files` those that are no transcripts.
        """
        rows = self.order_by().values("fingerprint", "kind", "hint")
        began = Case(When(source=None, then=F("at_ms")), default=F("first_at_ms"))
        told = rows.annotate(
            sum_lines=Sum("lines"),
            sessions=Count("session__public_id", distinct=True),
            files=Count("source_id", distinct=True),
            first=Min(began),
            last=Max("at_ms"),
            example=Min("id"),
        )
        return told.order_by(F("last").desc(nulls_last=True), "example")

    def like(self, example: "SecretFinding") -> "SecretFindingQuerySet":
        """Findings of the same secret."""
        return self.filter(fingerprint=example.fingerprint, kind=example.kind)

    def newest_of(self, fingerprints: Collection[int], most: int) -> Any:
        """At most so many of the findings of each of these secrets, with where they are, the newest first."""
        newest = [F("at_ms").desc(nulls_last=True), F("id").desc()]
        place = Window(RowNumber(), partition_by=[F("fingerprint"), F("kind")], order_by=newest)
        mine = self.filter(fingerprint__in=fingerprints).annotate(place=place)
        return mine.filter(place__lte=most).newest_first()

    def newest_first(self) -> Any:
        """The findings with their sessions and files, in the order in which their texts were written."""
        told = self.select_related("session", "source")
        return told.order_by(F("at_ms").desc(nulls_last=True), "-id")
