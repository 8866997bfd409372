"""What the work was for: roots, documents, features, phases, tasks, and how their status changed over time."""

from tasks.models.document import ChecklistItem, Document, PlanProblem, UnknownStatus
from tasks.models.feature import Feature, Phase
from tasks.models.link import Link, LinkDue, PlanSignature, ServedSpan
from tasks.models.root import PlanRoot, PlanSettings
from tasks.models.status import Confidence, DateSource, Status, StatusChange
from tasks.models.task import ProjectTask

__all__ = [
    "ChecklistItem",
    "Confidence",
    "DateSource",
    "Document",
    "Feature",
    "Link",
    "LinkDue",
    "Phase",
    "PlanProblem",
    "PlanRoot",
    "PlanSettings",
    "PlanSignature",
    "ProjectTask",
    "ServedSpan",
    "Status",
    "StatusChange",
    "UnknownStatus",
]
