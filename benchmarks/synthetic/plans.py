"""Plans of the synthetic projects, and what sessions served of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.synthetic.world import ProjectSketch, World, moment
from sessions.bulk import column_values, write_rows
from sessions.models import AgentSession, Project, SourceFile
from tasks.models import Document, Feature, Link, Phase, PlanRoot, ProjectTask, ServedSpan, StatusChange

PHASES, TASKS = 3, 4  # of a feature, of a phase
FIRST_PLAN_SOURCE = 1 << 40  # far from the numbers of transcripts
_AT_ONCE = 2000


@dataclass(slots=True)
class Plans:
    """The tasks that sessions of a project can serve."""

    tasks: dict[int, list[ProjectTask]] = field(default_factory=lambda: defaultdict(list))
    links: int = 0


def write_projects(world: World) -> list[Project]:
    names = [sketch.name for sketch in world.projects]
    rows = [
        Project(
            key=f"/home/someone/{n}", slug=n, name=n, root_path=f"/home/someone/{n}", folder_slug=f"-home-{n}"
        )
        for n in names
    ]
    Project.objects.bulk_create(rows)
    return list(Project.objects.order_by("key"))


def write_plans(world: World, projects: list[Project]) -> Plans:
    """A root per project, and for each feature a document, three phases and twelve tasks."""
    plans = Plans()
    for sketch, project in zip(world.projects, projects, strict=True):
        root = PlanRoot.objects.create(
            project=project, path=f"{project.root_path}/docs", origin=PlanRoot.Origin.AUTO, layout="plain"
        )
        plans.tasks[sketch.id] = _project_plans(world, sketch, project, root)
    return plans


def _project_plans(
    world: World, sketch: ProjectSketch, project: Project, root: PlanRoot
) -> list[ProjectTask]:
    features = Feature.objects.bulk_create(_features(world, sketch, project))
    documents = []
    for number, feature in enumerate(features):
        path = f"docs/{feature.slug}.md"
        source = SourceFile.objects.create(
            id=FIRST_PLAN_SOURCE + sketch.id * 1000 + number,
            path=f"{project.root_path}/{path}",
            root=root.path,
            relative_path=path,
            kind=SourceFile.Kind.PLAN,
        )
        documents.append(
            Document(
                project=project, root=root, source=source, feature=feature, path=path, project_path=path,
                layout="plain", title=f"Plan of {feature.name}", doc_type="implementation_plan",
                first_seen_at=world.first, changed_at=world.first, created_on=world.first.date(),
            )
        )  # fmt: skip
    Document.objects.bulk_create(documents)
    phases = Phase.objects.bulk_create(
        Phase(feature=feature, token=str(n), sort_key=n, title=f"Part {n}", status="in-progress")
        for feature in features
        for n in range(1, PHASES + 1)
    )
    held = {document.feature_id: document for document in documents}
    tasks = ProjectTask.objects.bulk_create(list(_tasks(world, project, phases, held)), batch_size=_AT_ONCE)
    StatusChange.objects.bulk_create(
        [
            StatusChange(project=project, task=task, status="done", changed_at=task.completed_at, source="git",
                         confidence="high")
            for task in tasks
            if task.completed_at
        ],
        batch_size=_AT_ONCE,
    )  # fmt: skip
    return tasks


def _features(world: World, sketch: ProjectSketch, project: Project) -> list[Feature]:
    return [
        Feature(
            project=project, slug=f"feature-{n}", canonical_slug=f"feature-{n}", name=f"Feature {n} of {sketch.name}",
            status=world.random.choice(("in-progress", "done", "backlog")), first_seen_at=world.first,
        )
        for n in range(1, sketch.features + 1)
    ]  # fmt: skip


def _tasks(
    world: World, project: Project, phases: list[Phase], documents: dict[int | None, Document]
) -> Iterator[ProjectTask]:
    for phase in phases:
        for n in range(TASKS):
            done_at = moment(world.start_ms()) if world.random.random() < 0.6 else None
            yield ProjectTask(
                project=project, document=documents[phase.feature_id], feature_id=phase.feature_id, phase=phase,
                raw_id=f"T{phase.token}-{n}", position=n, title=f"Do part {n}", status="done" if done_at else "backlog",
                completed_at=done_at, completed_on=done_at.date() if done_at else None,
                completed_confidence="high" if done_at else "", completed_source="git" if done_at else "",
                first_seen_at=world.first,
            )  # fmt: skip


def write_links(world: World, plans: Plans, project: ProjectSketch, sessions: list[AgentSession]) -> None:
    """Three in five sessions served a feature; half of those moved to another task on their way."""
    links: list[Link] = []
    spans: list[ServedSpan] = []
    for session in sessions:
        if world.random.random() < 0.6:
            served = world.random.sample(plans.tasks[project.id], 2 if world.random.random() < 0.5 else 1)
            links += _links(world, plans, session, served)
            spans += _spans(session, served)
    for model, rows in ((Link, links), (ServedSpan, spans)):
        names = [f.attname for f in model._meta.concrete_fields]
        write_rows(model, names, [column_values(row, names) for row in rows])


def _links(world: World, plans: Plans, session: AgentSession, served: list[ProjectTask]) -> Iterator[Link]:
    for at, feature_id in enumerate(dict.fromkeys(task.feature_id for task in served)):
        told = {"kind": "branch", "detail": session.branch, "weight": 0.6, "seq": 1, "at": None}
        sure = round(world.random.uniform(0.5, 1), 3)
        for task in (None, *(task for task in served if task.feature_id == feature_id)):
            plans.links += 1
            yield Link(
                id=plans.links, session=session, feature_id=feature_id, phase_id=task.phase_id if task else None,
                task=task, strategy="branch", confidence=sure, is_primary=at == 0 and task is None, evidence=[told],
            )  # fmt: skip


def _spans(session: AgentSession, served: list[ProjectTask]) -> Iterator[ServedSpan]:
    started, ended = session.started_at, session.ended_at
    if started is None or ended is None:
        return
    for at, task in enumerate(served):
        moment_ms = int((started + at * (ended - started) / 2).timestamp() * 1000)
        yield ServedSpan(
            id=session.pk + at, session=session, from_ms=moment_ms, feature_id=task.feature_id,
            phase_id=task.phase_id, task=task,
        )  # fmt: skip
