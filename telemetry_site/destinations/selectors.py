"""Where one can go, found by name: a fixed number of queries, each for a few rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from sessions.models import AgentSession, Project
from sessions.scope import Projects, in_projects
from sessions.selectors.filters import FEWEST_OF_AN_ID
from sessions.text_matching import MAX_WORDS, contains
from tasks.models import Document, Feature, ProjectTask
from telemetry_site.destinations.ranking import fit, words_of
from telemetry_site.models import SavedView

MOST = 12
# So many of each kind are looked at, the newest; more would only be further from what was meant.
CANDIDATES = 40
MAX_TYPED = 200
LATEST = 6


@dataclass(frozen=True, slots=True)
class Destination:
    """Somewhere to go. `kind` is shown beside the name and names the icon; `detail` tells equal names apart."""

    kind: str
    name: str
    href: str
    detail: str = ""
    also: str = ""  # more words it is found by

    @property
    def icon(self) -> str:
        return ICONS[self.kind]


ICONS = {
    "page": "screen",
    "view": "filter",
    "project": "folder",
    "session": "terminal",
    "feature": "spark",
    "task": "check",
    "document": "file",
}

# Address, name, and words that people have in mind for it.
PAGES = (
    ("dashboard", "Dashboard", "home overview cost spending"),
    ("session-list", "Sessions", "runs transcripts conversations"),
    ("explore", "Explore", "analytics charts metrics figures"),
    ("compare", "Compare", "two models periods ranges"),
    ("correlation", "Sessions and features", "correlation links served"),
    ("feature-list", "Features", "board plans progress"),
    ("task-list", "Tasks", "plans todo"),
    ("flow", "Flow of work", "velocity cycle time blocked stalled tasks"),
    ("document-list", "Documents", "plans prd"),
    ("plan-settings", "Plan folders", "settings roots"),
    ("live-sessions", "Live sessions", "running active now"),
    ("saved-views", "Saved views", "sessions filters lists"),
    ("search", "Search", "find text"),
    ("file-history", "File history", "path changes who touched"),
    ("alert-list", "Alerts", "rules firing"),
    ("alert-new", "New alert", "rule budget"),
    ("notification-list", "Notifications", "alerts unread"),
    ("channel-list", "Channels", "alerts slack webhook mail"),
    ("silence-list", "Silences", "alerts mute"),
    ("data-quality", "Data quality", "quarantine lines prices unknown"),
    ("secret-list", "Secrets found", "keys passwords tokens leaks rotate quality"),
    ("settings", "Settings", "projects folders zone prices retention"),
    ("sync-progress", "Reading", "sync progress runs"),
    ("token-list", "API tokens", "access keys"),
    ("people", "People", "roles members accounts access"),
    ("audit-log", "Audit log", "history who changed"),
    ("api-docs", "API", "documentation swagger openapi"),
)


def pages() -> list[Destination]:
    """Every page that needs no name of a thing."""
    return [Destination("page", name, reverse(address), also=also) for address, name, also in PAGES]


def destinations(typed: str, owner: User | None = None, projects: Projects = None) -> list[Destination]:
    """The places in these projects whose names fit best; without words the pages and the latest sessions."""
    words = words_of(typed.replace("\0", "")[:MAX_TYPED])[:MAX_WORDS]
    if not words:
        return [*_sessions([], projects)[:LATEST], *_views([], owner), *pages()]
    found = [*pages(), *_views(words, owner), *(place for kind in KINDS for place in kind(words, projects))]
    ranked = [(score, place) for place in found if (score := _score(words, place)) is not None]
    # Sorting keeps the order of equals: pages first, then the kinds in their order, the newest first.
    ranked.sort(key=lambda pair: -pair[0])
    return [place for _, place in ranked[:MOST]]


def _score(words: Sequence[str], place: Destination) -> float | None:
    return fit(words, place.name, f"{place.detail} {place.also}")


def _with_words(found: QuerySet[Any], words: Iterable[str], *columns: str) -> QuerySet[Any]:
    for word in words:
        found = found.filter(contains(word, *columns))
    return found[:CANDIDATES]


def _views(words: Sequence[str], owner: User | None) -> list[Destination]:
    found = _with_words(SavedView.objects.of(owner).present(), words, "name")
    home = reverse("session-list")
    return [Destination("view", view.name, f"{home}?{view.query}", "sessions") for view in found]


def _projects(words: Sequence[str], projects: Projects) -> list[Destination]:
    mine = Project.objects.filter(in_projects(projects, "pk"))
    found = _with_words(mine.order_by("name", "id"), words, "name", "slug")
    home = reverse("dashboard")
    return [
        Destination("project", project.name, f"{home}?project={project.slug}", also=project.slug)
        for project in found
    ]


def _sessions(words: Sequence[str], projects: Projects) -> list[Destination]:
    condition = Q()
    for word in words:
        named = contains(word, "title", "branch", "project__name")
        if len(word) >= FEWEST_OF_AN_ID:
            named |= Q(public_id__startswith=word)
        condition &= named
    roots: Any = AgentSession.objects.filter(in_projects(projects))
    found = roots.roots().with_activity().filter(condition).select_related("project")
    found = found.only("public_id", "title", "branch", "started_at", "project__name")
    newest = found.order_by(F("started_at").desc(nulls_last=True), "id")[:CANDIDATES]
    return [_session(session) for session in newest]


def _session(session: Any) -> Destination:
    parts = [str(session.project or "no project"), session.branch]
    if session.started_at:
        parts.append(f"{session.started_at.day} {session.started_at:%b %Y}")
    href = reverse("session-detail", args=[session.public_id])
    return Destination(
        "session", str(session), href, " · ".join(part for part in parts if part), session.public_id
    )


def _features(words: Sequence[str], projects: Projects) -> list[Destination]:
    present = (
        Feature.objects.present()
        .filter(in_projects(projects))
        .select_related("project")
        .order_by("name", "id")
    )
    return [
        Destination(
            "feature",
            feature.name or feature.slug,
            reverse("feature-detail", args=[feature.pk]),
            f"{feature.project} · {feature.get_status_display()}",
            feature.slug,
        )
        for feature in _with_words(present, words, "name", "slug", "project__name")
    ]


def _tasks(words: Sequence[str], projects: Projects) -> list[Destination]:
    present = (
        ProjectTask.objects.present()
        .filter(in_projects(projects))
        .select_related("project")
        .order_by("title", "id")
    )
    return [
        Destination(
            "task",
            task.title or task.raw_id,
            reverse("task-detail", args=[task.pk]),
            " · ".join(part for part in (task.raw_id, str(task.project)) if part),
        )
        for task in _with_words(present, words, "title", "raw_id", "project__name")
    ]


def _documents(words: Sequence[str], projects: Projects) -> list[Destination]:
    present = (
        Document.objects.present()
        .filter(in_projects(projects))
        .defer("facts")
        .select_related("project")
        .order_by("title", "id")
    )
    return [
        Destination(
            "document",
            document.title or document.project_path,
            reverse("document-detail", args=[document.pk]),
            f"{document.project} · {document.project_path}",
        )
        for document in _with_words(present, words, "title", "project_path", "project__name")
    ]


KINDS: tuple[Callable[[Sequence[str], Projects], list[Destination]], ...] = (
    _projects,
    _features,
    _sessions,
    _tasks,
    _documents,
)
