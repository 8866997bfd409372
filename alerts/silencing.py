"""Writing silences down, for the API and the page: times in which what rules say is recorded and not sent."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rest_framework.exceptions import ValidationError

from alerts.models import AlertRule, Silence
from alerts.querysets.rows import of_projects
from analytics.metrics import DIMENSIONS
from sessions.models import Project
from sessions.scope import Projects

LONGEST = timedelta(days=366)
MOST_MATCHERS = 2
MOST_COMMENT = 500
MOST_VALUE = 300


def begin_silence(
    *,
    rule: AlertRule | None,
    project: Project | None,
    matchers: Mapping[str, str],
    starts_at: datetime,
    ends_at: datetime,
    comment: str,
    now: datetime,
    by: str,
) -> Silence:
    """Be silent about a rule, the rules of a project, or all (None); with matchers, about such groups alone.

    Raises ValidationError with a sentence by field.
    """
    found = matcher_problem(matchers)
    problems = {"matchers": [found]} if found else {}
    if ends_at <= max(now, starts_at):
        problems["endsAt"] = ["A silence ends after it begins, and not before now."]
    elif ends_at - starts_at > LONGEST:
        problems["endsAt"] = [f"A silence lasts {LONGEST.days} days at most."]
    if problems:
        raise ValidationError(problems)
    silence: Silence = Silence.objects.create(
        rule=rule,
        project=project,
        matchers=dict(matchers),
        starts_at=starts_at,
        ends_at=ends_at,
        comment=comment,
        created_at=now,
        created_by=by,
    )
    return silence


def matcher_problem(matchers: Mapping[str, str]) -> str:
    """What is wrong with the groups of a silence, in a sentence; "" for nothing."""
    if len(matchers) > MOST_MATCHERS:
        return f"A silence can be about {MOST_MATCHERS} dimensions at most."
    if unknown := [name for name in matchers if name not in DIMENSIONS]:
        return f"{unknown[0][:40]} is no dimension; there are {', '.join(DIMENSIONS)}."
    if not all(value and len(value) <= MOST_VALUE and value.isprintable() for value in matchers.values()):
        return f"A group has a name of 1 to {MOST_VALUE} characters on one line."
    return ""


def end_silence(silence: Silence, now: datetime) -> None:
    """End a silence now; one that has not begun is taken away, one that is over stays as it was."""
    if silence.starts_at >= now:
        silence.delete()
    else:
        Silence.objects.filter(pk=silence.pk, ends_at__gt=now).update(ends_at=now)


def silences_of(projects: Projects) -> Any:
    """The silences about projects and their rules; those about all are nobody's who is for some."""
    return of_projects(Silence.objects.select_related("rule", "project"), projects)
