"""Which project a session belongs to."""

from collections.abc import Iterable

from django.utils.text import slugify

from sessions.models import AgentSession, Project, SessionFacet, SourceFile, SourceSession
from sessions.parsers.paths import Place, folder_slug, place_of, slug_place


class Places:
    """Projects by key, made when a session names a new one; what a chunk of sessions needs is looked up once.

    The sessions' own columns are derived already: where they ran stands in `cwd`.
    """

    def __init__(self, sessions: Iterable[AgentSession]) -> None:
        chunk = list(sessions)
        self._by_key: dict[str, Project] = {}
        members = {s.native_id for s in chunk if s.agent_id}
        trunks = AgentSession.objects.filter(native_id__in=members, agent_id="", project__isnull=False)
        self._of_trunk = dict(trunks.values_list("native_id", "project_id"))
        self._member_cwds = _member_cwds([s.native_id for s in chunk if not s.agent_id and not s.cwd])
        keys = {place_of(cwd).key[:1000] for cwd in {s.cwd for s in chunk} if cwd}
        self._by_key |= {project.key: project for project in Project.objects.filter(key__in=keys)}

    def set_project(self, session: AgentSession) -> None:
        """A subagent belongs where its trunk belongs; a trunk where its first record says it ran (R25)."""
        place = place_of(session.cwd) if session.cwd else None
        session.worktree = place.worktree[:200] if place else ""
        if session.agent_id:
            if session.native_id in self._of_trunk:
                session.project_id = self._of_trunk[session.native_id]
                return
        elif place is None:
            cwd = self._member_cwds.get(session.native_id)
            place = place_of(cwd) if cwd else self._place_of_folder(session)
        session.project = self._project(place, session.is_demo) if place else None
        if not session.agent_id and session.project_id:
            self._of_trunk[session.native_id] = session.project_id

    def _place_of_folder(self, session: AgentSession) -> Place | None:
        """No line says where it ran: the folder's name does, or another project with that folder."""
        links = SourceSession.objects.filter(session__native_id=session.native_id).select_related("source")
        link = links.order_by("source__relative_path").first()
        if link is None:
            return None
        place = slug_place(_first_folder(link.source))
        known = Project.objects.filter(folder_slug=place.key.removeprefix("slug:")).order_by("key").first()
        if known:
            self._by_key[known.key] = known
            return Place(known.key, known.root_path, known.name, place.worktree)
        return place

    def _project(self, place: Place, is_demo: bool) -> Project:
        project = self._by_key.get(place.key) or Project.objects.filter(key=place.key[:1000]).first()
        if project is None:
            project = self._awaited(place)
        if project is None:
            project = Project.objects.create(
                key=place.key[:1000],
                slug=free_slug(place.name),
                name=_free_name(place),
                root_path=place.root_path[:1000],
                folder_slug=folder_slug(place.root_path)[:1000] if place.root_path else "",
                is_demo=is_demo,
            )
            self._adopt(project)
        self._by_key[place.key] = project
        return project

    def _awaited(self, place: Place) -> Project | None:
        """The project that a person named like this folder before its sessions were read."""
        project: Project | None = Project.objects.filter(awaits_sessions=True, name=place.name[:200]).first()
        if project and not place.key.startswith("slug:"):
            project.key, project.root_path = place.key[:1000], place.root_path[:1000]
            project.folder_slug, project.awaits_sessions = folder_slug(place.root_path)[:1000], False
            project.save()
            self._adopt(project)
            return project
        return None

    def _adopt(self, project: Project) -> None:
        """Sessions that only a folder's name had placed belong to the project whose folder it is."""
        if project.folder_slug:
            placed = AgentSession.objects.filter(project__key=f"slug:{project.folder_slug}", agent_id="")
            placed.update(stale=True)


def _first_folder(source: SourceFile) -> str:
    """The project folder a file was first read from: moving files about does not move what was done."""
    inside = source.root + "/"
    first = next(iter(source.previous_paths), "")
    relative = first.removeprefix(inside) if first.startswith(inside) else source.relative_path
    return relative.split("/", 1)[0]


def delete_empty_stand_ins() -> None:
    """Delete projects that stood for a folder's name until a session told the folder's path.

    One that a person named plans for stays.
    """
    Project.objects.filter(key__startswith="slug:", sessions=None, plan_roots=None).delete()


def _member_cwds(native_ids: list[str]) -> dict[str, str]:
    """{trunk: where its subagents ran first}, for trunks that no line of their own places."""
    facets = SessionFacet.objects.filter(name="cwd", session__native_id__in=native_ids)
    found: dict[str, str] = {}
    for native, cwd in facets.order_by("first_at_ms", "value").values_list("session__native_id", "value"):
        found.setdefault(native, cwd)
    return found


def _free_name(place: Place) -> str:
    """The folder's name, with the folder above it where another project has that name already."""
    if not Project.objects.filter(name=place.name[:200]).exists():
        return place.name[:200]
    above = place.root_path.replace("\\", "/").rstrip("/").split("/")[-2:-1]
    return f"{place.name[:120]} ({(above or [place.key])[0][:60] or '/'})"


def free_slug(name: str) -> str:
    """A slug for a project of this name that no other project has."""
    base = slugify(name)[:180] or "project"
    taken = set(Project.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(s for n in range(1, len(taken) + 2) if (s := base if n == 1 else f"{base}-{n}") not in taken)
