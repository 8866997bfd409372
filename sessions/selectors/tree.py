"""A session's relatives: its trunk, subagents and forks, each with its own and its descendants' totals."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from sessions.models import AgentSession
from sessions.scope import Projects, in_projects
from sessions.selectors.listing import status_of
from sessions.selectors.totals import Totals

MAX_RELATED = 20  # levels of forks of forks, and of continuations, that are followed


@dataclass(slots=True)
class TreeNode:
    """A session with the sessions that it started, that were forked from it or that continue it."""

    session: AgentSession
    status: str
    is_asked: bool
    depth: int = 0
    children: list["TreeNode"] = field(default_factory=list)
    descendants: Totals = field(default_factory=Totals)

    @property
    def own(self) -> Totals:
        return Totals.of(self.session)

    @property
    def together(self) -> Totals:
        return self.own + self.descendants

    def walk(self) -> Iterator["TreeNode"]:
        """This node and all below it, parents before children."""
        yield self
        for child in self.children:
            yield from child.walk()


def session_tree(session: AgentSession, *, now: datetime, projects: Projects = None) -> list[TreeNode]:
    """The trees the session is in: one, from its oldest ancestor; more where a parent is not known.

    Relatives in other projects are left out.
    """
    members = {member.pk: member for member in _relatives(session, projects)}
    nodes = {
        key: TreeNode(member, status_of(member, now=now), is_asked=key == session.pk)
        for key, member in members.items()
    }
    above = {key: _parent_of(member) for key, member in members.items()}
    below: dict[int | None, list[TreeNode]] = defaultdict(list)
    for key, node in nodes.items():
        known = above[key] if above[key] in nodes and not _circles(key, above) else None
        below[known].append(node)
    for parent, children in below.items():
        children.sort(key=_by_start)
        if parent is not None:
            nodes[parent].children = children
    for top in below[None]:
        _add_up(top, 0)
    return below[None]


def _parent_of(member: AgentSession) -> int | None:
    return member.parent_id or member.forked_from_id or member.continued_from_id


def _relatives(session: AgentSession, projects: Projects) -> Iterable[AgentSession]:
    """Everyone in the families of the session's trunk, of what it came from and of what came from it."""
    trunks: set[Any] = {session.root_id or session.pk}
    for _ in range(MAX_RELATED):
        known: Any = AgentSession.objects.filter(root_id__in=trunks)
        origins = known.filter(Q(forked_from_id__isnull=False) | Q(continued_from_id__isnull=False))
        before = {
            key for pair in origins.values_list("forked_from_id", "continued_from_id") for key in pair if key
        }
        after = AgentSession.objects.filter(Q(forked_from_id__in=trunks) | Q(continued_from_id__in=trunks))
        grown = trunks | before | set(after.values_list("pk", flat=True))
        if grown == trunks:
            break
        trunks = grown
    found = AgentSession.objects.filter(in_projects(projects), root_id__in=trunks)
    return found.light().select_related("project")


def _circles(key: int, above: dict[int, int | None]) -> bool:
    """Whether going up from here comes back: relations are told by files, which may say anything."""
    seen = {key}
    at = above.get(key)
    while at is not None and at in above:
        if at in seen:
            return at == key
        seen.add(at)
        at = above[at]
    return False


def _by_start(node: TreeNode) -> tuple[bool, datetime | int, int]:
    started = node.session.own_started_at or node.session.started_at
    return (started is None, started or 0, node.session.pk)


def _add_up(node: TreeNode, depth: int) -> None:
    node.depth = depth
    for child in node.children:
        _add_up(child, depth + 1)
        node.descendants = node.descendants + child.together
