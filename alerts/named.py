"""Rules and projects by the names that a body of the API gives them. What is not the asker's is not there."""

from rest_framework.exceptions import ValidationError

from alerts.models import AlertRule
from sessions.models import Project
from sessions.scope import Projects, in_projects


def named_rule(public_id: str | None, projects: Projects) -> AlertRule | None:
    """The rule of an id. Raises ValidationError for one that is not there or not the asker's."""
    if public_id is None:
        return None
    found: AlertRule | None = (
        AlertRule.objects.present().readable(projects).filter(public_id=public_id).first()
    )
    if found is None:
        raise ValidationError({"alertId": ["There is no alert with this id."]})
    return found


def named_project(name: str | None, projects: Projects) -> Project | None:
    """The project of an id or slug. Raises ValidationError for one that is not there or not the asker's."""
    if name is None:
        return None
    found: Project | None = Project.objects.filter(in_projects(projects, "pk")).named(name).first()
    if found is None:
        raise ValidationError({"project": ["There is no project with this id or slug."]})
    return found
