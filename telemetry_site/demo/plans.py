"""Plans and progress files of the demo's features, as Markdown with YAML front matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from .story import Feature, Phase, Task


@dataclass(slots=True)
class FeatureHistory:
    """What the sessions did for one feature: dates per task, commits and pull requests."""

    feature: Feature
    created_at: datetime | None = None
    started_at: dict[str, datetime] = field(default_factory=dict)
    completed_at: dict[str, datetime] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    pull_requests: list[int] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every task of every phase is done."""
        return all(task.id in self.completed_at for phase in self.feature.phases for task in phase.tasks)

    @property
    def last_change_at(self) -> datetime | None:
        """Latest date of anything recorded."""
        dates = [*self.started_at.values(), *self.completed_at.values()]
        return max(dates, default=self.created_at)


def documents(history: FeatureHistory) -> dict[str, str]:
    """Files of one feature: path inside the project to text. Empty if it was never planned."""
    if history.created_at is None:
        return {}
    feature, lifecycle = history.feature, _lifecycle(history, history.created_at)
    files = {
        feature.prd_path: prd_text(feature, lifecycle),
        feature.plan_path: implementation_plan_text(feature, lifecycle),
    }
    for phase in feature.phases:
        files[feature.progress_path(phase)] = _progress_text(history, phase)
    return files


def prd_text(feature: Feature, lifecycle: Mapping[str, Any] | None = None) -> str:
    """The product document; as first written (a draft) unless its later lifecycle is given."""
    front = {
        "title": f"PRD: {feature.title}",
        "doc_type": "prd",
        **(lifecycle or {"status": "draft"}),
        "feature_slug": feature.slug,
        "plan_ref": feature.plan_path,
        "priority": "high",
        "tags": ["prd", feature.folder, feature.project],
    }
    stories = "\n".join(f"- {task.title}" for phase in feature.phases for task in phase.tasks[:2])
    return _document(front, f"# {feature.title}\n\n{feature.goal}\n\n## What has to work\n\n{stories}\n")


def implementation_plan_text(feature: Feature, lifecycle: Mapping[str, Any] | None = None) -> str:
    """The implementation plan; as first written (a draft) unless its later lifecycle is given."""
    front = {
        "title": f"Implementation Plan: {feature.title}",
        "doc_type": "implementation_plan",
        **(lifecycle or {"status": "draft"}),
        "feature_slug": feature.slug,
        "prd_ref": feature.prd_path,
        "scope": feature.goal,
        "effort_estimate": f"{sum(task.points for phase in feature.phases for task in phase.tasks)} pts",
        "files_affected": list(feature.files),
    }
    phases = "\n".join(_phase_section(phase) for phase in feature.phases)
    return _document(front, f"# Implementation plan: {feature.title}\n\n{phases}")


def _phase_section(phase: Phase) -> str:
    tasks = "\n".join(f"- {task.id} {task.title} ({task.points} pt)" for task in phase.tasks)
    return f"## Phase {phase.number}: {phase.title}\n\n{tasks}\n"


def _lifecycle(history: FeatureHistory, created_at: datetime) -> dict[str, Any]:
    changed = history.last_change_at or created_at
    status = "completed" if history.is_complete else "in-progress" if history.started_at else "draft"
    lifecycle: dict[str, Any] = {
        "status": status,
        "created": created_at.date(),
        "updated": changed.date(),
        "commit_refs": history.commits,
        "pr_refs": history.pull_requests,
    }
    if history.is_complete:
        lifecycle["completed"] = changed.date()
    return lifecycle


def _progress_text(history: FeatureHistory, phase: Phase) -> str:
    feature = history.feature
    done = [task for task in phase.tasks if task.id in history.completed_at]
    begun = [history.started_at[task.id] for task in phase.tasks if task.id in history.started_at]
    complete = len(done) == len(phase.tasks)
    front = {
        "type": "progress",
        "prd": feature.slug,
        "plan_ref": feature.plan_path,
        "phase": phase.number,
        "phase_title": phase.title,
        "status": "completed" if complete else "in_progress" if begun else "pending",
        "started": min(begun).date() if begun else None,
        "completed": max(history.completed_at[task.id] for task in done).date() if complete else None,
        "progress": round(100 * len(done) / len(phase.tasks)),
        "total_tasks": len(phase.tasks),
        "completed_tasks": len(done),
        "tasks": [_task_entry(history, phase, task) for task in phase.tasks],
    }
    return _document(front, f"# {feature.title}, phase {phase.number}: {phase.title}\n")


def _task_entry(history: FeatureHistory, phase: Phase, task: Task) -> dict[str, Any]:
    started, completed = history.started_at.get(task.id), history.completed_at.get(task.id)
    place = phase.tasks.index(task)
    return {
        "id": task.id,
        "title": task.title,
        "status": "completed" if completed else "in_progress" if started else "pending",
        "assigned_to": [task.owner],
        "dependencies": [phase.tasks[place - 1].id] if place else [],
        "estimated_effort": f"{task.points}pt",
        "priority": "high" if task.points > 2 else "medium",
        "started": _minute(started),
        "completed": _minute(completed),
    }


def _minute(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%MZ") if moment else None


def _document(front: Mapping[str, Any], body: str) -> str:
    header = yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{header}---\n\n{body}"
