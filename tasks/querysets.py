"""The vocabulary of questions about plans; the only place of this app that aggregates."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Case, Count, F, Max, Q, Sum, Value, When

from sessions.prepared import prepared
from sessions.scope import Projects, in_projects
from tasks.parsers.statuses import TERMINAL

# How far the midnight of a written day can lie from that of UTC, which it is stored as, rounded up.
_OF_MIDNIGHTS = timedelta(days=1)
# That a document still speaks of.
_PRESENT_FEATURE = Case(When(feature__removed_at=None, then=F("feature_id")))


class _Moments(NamedTuple):
    """A moment, the stretch that midnights of its day lie in, and the first day that begins at it or later."""

    moment: Any
    earliest: Any
    latest: Any
    day: Any

    @property
    def named_before(self) -> Q:
        """The condition that a plan says of a complete task that it was so before the moment."""
        return Q(completed_at__lt=self.moment) | Q(completed_at=None, completed_on__lt=self.day)

    @classmethod
    def around(cls, moment: datetime, zone: ZoneInfo) -> "_Moments":
        return cls(moment, moment - _OF_MIDNIGHTS, moment + _OF_MIDNIGHTS, _first_day(moment, zone))


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
        first = None if start is None else _first_day(start, zone)
        after = None if end is None else _first_day(end, zone)
        return self.completed_within(start, first, end, after)

    def completed_within(self, start: Any, first: Any, end: Any, after: Any) -> "ProjectTaskQuerySet":
        """The same of instants and of days: from the first to before another, None being no bound."""
        timed, dated = Q(completed_at__isnull=False), Q(completed_at=None, completed_on__isnull=False)
        if start is not None:
            timed &= Q(completed_at__gte=start)
            dated &= Q(completed_on__gte=first)
        if end is not None:
            timed &= Q(completed_at__lt=end)
            dated &= Q(completed_on__lt=after)
        return self.completed().filter(timed | dated)

    def with_completion_before(self, moment: datetime, zone: ZoneInfo) -> "ProjectTaskQuerySet":
        """Annotate `was_complete`: whether a task was complete just before a moment, None where only its course says.

        A course is asked for where a task was complete before and reopened, or became complete around the moment
        without its plan naming when: of very few tasks (`plan_figures.TaskCourse` has the rule in full).
        """
        return self._told_before(_Moments.around(moment, zone))

    def _told_before(self, at: "_Moments") -> "ProjectTaskQuerySet":
        changes = self.model._meta.get_field("status_changes").related_model._default_manager.exclude(
            task=None
        )
        timed, dated = Q(has_time=True), Q(has_time=False)
        from_then = (timed & Q(changed_at__gte=at.moment)) | (dated & Q(changed_at__gte=at.earliest))
        until_then = (timed & Q(changed_at__lt=at.moment)) | (dated & Q(changed_at__lt=at.latest))
        late = Q(pk__in=changes.filter(from_then).values("task_id"))
        done_before = Q(pk__in=changes.filter(until_then, status__in=TERMINAL).values("task_id"))
        is_complete, named_before = Q(status__in=TERMINAL), at.named_before
        seen_before, unnamed = Q(first_seen_at__lt=at.moment), Q(completed_on=None, completed_at=None)
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


def completion_counts(
    tasks: Any, moment: datetime, zone: ZoneInfo, projects: Projects
) -> tuple[list[tuple[int | None, int, int]], list[tuple[int | None, bool | None, int]]]:
    """How many tasks were complete just before a moment, by the feature that a document still speaks of.

    First rows (feature, tasks, those of them that plans themselves say to have been complete), then rows (feature,
    `was_complete`, tasks) of those others that may have been. `tasks` is their model.
    """
    asked = {"projects": projects, **_Moments.around(moment, zone)._asdict()}
    return _named_counts(tasks, **asked), _other_counts(tasks, **asked)


@prepared
def _named_counts(tasks: Any, *, projects: Any, **moments: Any) -> Any:
    named = Q(status__in=TERMINAL) & _Moments(**moments).named_before
    present = tasks.objects.present().filter(in_projects(projects))
    rows = present.order_by().annotate(of=_PRESENT_FEATURE).values_list("of")
    return rows.annotate(n=Count("id"), n_complete=Count("id", filter=named))


@prepared
def _other_counts(tasks: Any, *, projects: Any, **moments: Any) -> Any:
    """Only the tasks that a change of status or the day they were seen may tell something of: they are few."""
    at = _Moments(**moments)
    changes = tasks._meta.get_field("status_changes").related_model.objects.exclude(task=None)
    turned = Q(pk__in=changes.filter(status__in=TERMINAL).values("task_id"))
    unnamed = Q(status__in=TERMINAL, completed_on=None, completed_at=None)
    others = tasks.objects.present().filter(in_projects(projects)).filter(unnamed | turned)
    others = others.exclude(Q(status__in=TERMINAL) & at.named_before)
    rows = others._told_before(at).order_by().annotate(of=_PRESENT_FEATURE)
    return rows.values_list("of", "was_complete").annotate(n=Count("id"))


def completed_counts(
    tasks: Any, start: datetime | None, end: datetime | None, zone: ZoneInfo, projects: Projects
) -> list[tuple[int]]:
    """How many tasks were completed between two moments, as a row; without both, also those nobody wrote when of."""
    first = None if start is None else _first_day(start, zone)
    after = None if end is None else _first_day(end, zone)
    return _completed_counts(tasks, start=start, first=first, end=end, after=after, projects=projects)


@prepared
def _completed_counts(tasks: Any, *, projects: Any, **ends: Any) -> Any:
    present = tasks.objects.present().filter(in_projects(projects))
    is_all = ends["start"] is None and ends["end"] is None
    found = present.completed() if is_all else present.completed_within(**ends)
    rows = found.order_by().annotate(whole=Value("", output_field=models.CharField())).values_list("whole")
    return rows.annotate(n=Count("id")).values_list("n")


def _first_day(moment: datetime, zone: ZoneInfo) -> date:
    """The first day of `zone` that begins at or after a moment."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    local = aware.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return local.date() if local == midnight else date.fromordinal(local.toordinal() + 1)


def _status_counts_by_project(rows: "models.QuerySet[Any]") -> dict[tuple[str, str], int]:
    counts = rows.order_by().values_list("project__slug", "status").annotate(n=Count("id"))
    return {(slug, status): n for slug, status, n in counts.order_by("project__slug", "status")}
