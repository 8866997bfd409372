"""The vocabulary of questions about plans; the only place of this app that aggregates."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Case, Count, F, Max, Q, Sum, Value, When

from tasks.parsers.statuses import TERMINAL

# How far the midnight of a written day can lie from that of UTC, which it is stored as, rounded up.
_OF_MIDNIGHTS = timedelta(days=1)


class DocumentQuerySet(models.QuerySet[Any]):
    def present(self) -> "DocumentQuerySet":
        """Documents whose file still exists."""
        return self.filter(removed_at=None)

    def of_feature(self, feature_id: int) -> "DocumentQuerySet":
        return self.present().filter(feature_id=feature_id)

    def status_counts(self) -> dict[str, int]:
        """{raw word: documents}; "" where the file says nothing."""
        return dict(self.order_by().values_list("status_raw").annotate(n=Count("id")))

    def type_counts(self) -> dict[str, int]:
        return dict(self.order_by().values_list("doc_type").annotate(n=Count("id")))


class FeatureQuerySet(models.QuerySet[Any]):
    def present(self) -> "FeatureQuerySet":
        """Features that a document still speaks of."""
        return self.filter(removed_at=None)

    def status_counts(self) -> dict[str, int]:
        return dict(self.order_by().values_list("status").annotate(n=Count("id")))

    def status_counts_by_project(self) -> dict[tuple[str, str], int]:
        """{(slug of the project, status): how many}."""
        return _status_counts_by_project(self)

    def last_seen(self) -> datetime | None:
        found: datetime | None = self.aggregate(at=Max("first_seen_at"))["at"]
        return found


class ProjectTaskQuerySet(models.QuerySet[Any]):
    def present(self) -> "ProjectTaskQuerySet":
        """Tasks that stand in their file; the others are history and count for nothing."""
        return self.filter(removed_at=None, document__removed_at=None)

    def completed(self) -> "ProjectTaskQuerySet":
        """Done or deliberately put off: what counts as complete."""
        return self.filter(status__in=TERMINAL)

    def open(self) -> "ProjectTaskQuerySet":
        return self.exclude(status__in=TERMINAL)

    def for_feature(self, feature_id: int) -> "ProjectTaskQuerySet":
        return self.filter(feature_id=feature_id)

    def completed_between(
        self, start: datetime | None, end: datetime | None, zone: ZoneInfo
    ) -> "ProjectTaskQuerySet":
        """Complete tasks whose completion falls into [start, end).

        A task completed at a known time counts by its instant; one of which only the day is written counts by that
        day, as a day of `zone`, when the day begins inside the stretch.
        """
        timed, dated = Q(completed_at__isnull=False), Q(completed_at=None, completed_on__isnull=False)
        if start is not None:
            timed &= Q(completed_at__gte=start)
            dated &= Q(completed_on__gte=_first_day(start, zone))
        if end is not None:
            timed &= Q(completed_at__lt=end)
            dated &= Q(completed_on__lt=_first_day(end, zone))
        return self.completed().filter(timed | dated)

    def with_completion_before(self, moment: datetime, zone: ZoneInfo) -> "ProjectTaskQuerySet":
        """Annotate `was_complete`: whether a task was complete just before a moment, None where only its course says.

        A course is asked for where a task was complete before and reopened, or became complete around the moment
        without its plan naming when: of very few tasks (`plan_figures.TaskCourse` has the rule in full).
        """
        changes = self.model._meta.get_field("status_changes").related_model._default_manager.exclude(
            task=None
        )
        timed, dated = Q(has_time=True), Q(has_time=False)
        from_then = (timed & Q(changed_at__gte=moment)) | (dated & Q(changed_at__gte=moment - _OF_MIDNIGHTS))
        until_then = (timed & Q(changed_at__lt=moment)) | (dated & Q(changed_at__lt=moment + _OF_MIDNIGHTS))
        late = Q(pk__in=changes.filter(from_then).values("task_id"))
        done_before = Q(pk__in=changes.filter(until_then, status__in=TERMINAL).values("task_id"))
        is_complete = Q(status__in=TERMINAL)
        day = _first_day(moment, zone)
        named_before = Q(completed_at__lt=moment) | Q(completed_at=None, completed_on__lt=day)
        seen_before, unnamed = Q(first_seen_at__lt=moment), Q(completed_on=None, completed_at=None)
        settled = seen_before & ~late
        told: ProjectTaskQuerySet = self.annotate(
            was_complete=Case(
                When(is_complete & (named_before | (unnamed & settled)), then=Value(True)),
                When(~is_complete & (~done_before | settled), then=Value(False)),
                When(is_complete & ~done_before & (~unnamed | ~seen_before), then=Value(False)),
                output_field=models.BooleanField(null=True),
            )
        )
        return told

    def completion_counts(self) -> list[tuple[int | None, bool | None, int]]:
        """(feature that a document still speaks of, `was_complete`, tasks)."""
        present = Case(When(feature__removed_at=None, then=F("feature_id")))
        rows = self.order_by().annotate(of=present).values_list("of", "was_complete")
        return list(rows.annotate(n=Count("id")))

    def completions(self) -> Iterable[tuple[datetime | None, date]]:
        """(time, day) of completion of every complete task that has one, in order of the day."""
        dated = self.completed().filter(completed_on__isnull=False).order_by("completed_on", "id")
        return dated.values_list("completed_at", "completed_on")

    def status_counts(self) -> dict[str, int]:
        return dict(self.order_by().values_list("status").annotate(n=Count("id")))

    def status_counts_by_project(self) -> dict[tuple[str, str], int]:
        """{(slug of the project, status): how many}."""
        return _status_counts_by_project(self)

    def raw_status_counts(self) -> dict[str, int]:
        return dict(self.order_by().values_list("status_raw").annotate(n=Count("id")))

    def counts_by(self, *fields: str) -> dict[tuple[Any, ...], dict[str, int]]:
        """{(values of fields): {status: tasks}}."""
        found: dict[tuple[Any, ...], dict[str, int]] = {}
        for *key, status, n in self.order_by().values_list(*fields, "status").annotate(n=Count("id")):
            found.setdefault(tuple(key), {})[status] = n
        return found

    def estimate_sums(self) -> dict[str, float | None]:
        """What tasks were estimated at, per unit; None where none of them has an estimate in it."""
        return self.aggregate(
            points=Sum("estimate_points"), hours=Sum("estimate_hours"), usd=Sum("estimate_usd")
        )

    def undated_count(self) -> int:
        """Complete tasks of which nobody wrote when."""
        return self.completed().filter(completed_on=None).count()

    def newest_first(self) -> "ProjectTaskQuerySet":
        return self.order_by(F("completed_on").desc(nulls_last=True), "document_id", "position")


def _first_day(moment: datetime, zone: ZoneInfo) -> date:
    """The first day of `zone` that begins at or after a moment."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    local = aware.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return local.date() if local == midnight else date.fromordinal(local.toordinal() + 1)


def _status_counts_by_project(rows: "models.QuerySet[Any]") -> dict[tuple[str, str], int]:
    counts = rows.order_by().values_list("project__slug", "status").annotate(n=Count("id"))
    return {(slug, status): n for slug, status, n in counts.order_by("project__slug", "status")}
