"""Sessions and their parts under the API's names, as JSON-ready values."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F
from django.db.models.lookups import In

from sessions.api_fields import dollars, iso, rounded_money
from sessions.derive.story import dates_of
from sessions.models import AgentSession
from sessions.parsers.model_names import model_identity
from sessions.prepared import padded, prepared
from sessions.scope import Projects, in_projects
from sessions.selectors import FileTouched, SessionRow, ToolUsage, Totals, TreeNode, success_share
from sessions.serializers import DATE_NAMES

SUMMARY_TOOLS = 6
HEAVY_LISTS = ("updatedFiles", "linkedArtifacts", "toolsUsed", "impactHistory", "timeline", "logs")


def public_ids(sessions: Iterable[AgentSession], *, projects: Projects = None) -> dict[int, str]:
    """Public ids of every session of the projects that these refer to, by key, in one query."""
    related = ((s.parent_id, s.root_id, s.forked_from_id, s.continued_from_id) for s in sessions)
    keys = {key for several in related for key in several if key is not None}
    return dict(_public_ids(keys=padded(keys), projects=projects))


@prepared
def _public_ids(*, keys: Any, projects: Any) -> Any:
    found = AgentSession.objects.filter(in_projects(projects)).filter(In(F("pk"), keys))
    return found.values_list("pk", "public_id")


def session_item(row: SessionRow, names: dict[int, str]) -> dict[str, Any]:
    """A session in a list: without what takes its transcript to tell."""
    family = {
        "subagentCount": row.subagents,
        "liveSubagentCount": row.live_subagents,
        "familyTotals": totals_json(row.family),
    }
    # The persisted dates are derived from these columns by this function: no need to load them.
    first, last = _ms(row.session.started_at), _ms(row.session.ended_at)
    dates = dates_of(first, last, row.session.ending, row.session.is_open)
    light: dict[str, Any] = {name: [] for name in HEAVY_LISTS}
    return session_json(row.session, row.status, names) | family | light | {"dates": all_dates(dates)}


def session_json(session: AgentSession, status: str, names: dict[int, str]) -> dict[str, Any]:
    """What a session's own row says. `names` are public ids by key, for the sessions it refers to."""
    return {
        **_identity(session, status, names),
        **_models(session),
        **_usage(session),
        **_times(session),
        **_git(session),
        "agentsUsed": session.agents,
        "skillsUsed": session.skills,
        "toolSummary": [f"{tool['name']} x{tool['count']}" for tool in session.tools[:SUMMARY_TOOLS]],
        "toolCallCount": session.tool_call_count,
        "toolErrorCount": session.tool_error_count,
        "apiErrorCount": session.api_error_count,
        "compactionCount": session.compaction_count,
        "promptCount": session.prompt_count,
        "filesChanged": session.files_changed,
        "linesAdded": session.lines_added,
        "linesRemoved": session.lines_removed,
        "logCount": session.entry_count,
        "qualityRating": None,
        "frictionRating": None,
        "sessionMetadata": None,
        "dates": {},
    }


def _identity(session: AgentSession, status: str, names: dict[int, str]) -> dict[str, Any]:
    project = session.project
    return {
        "id": session.public_id,
        "title": session.title or None,
        "titleSource": session.title_source or None,
        "taskId": None,
        "status": status,
        "sessionType": session.session_type,
        "parentSessionId": names.get(session.parent_id or 0),
        "rootSessionId": names.get(session.root_id or 0, session.public_id),
        "forkedFromSessionId": names.get(session.forked_from_id or 0),
        "continuedFromSessionId": names.get(session.continued_from_id or 0),
        "agentId": session.agent_id or None,
        "agentName": session.agent_name or None,
        "agent": session.agent,
        "agentVersions": session.versions,
        "project": None
        if project is None
        else {"id": project.pk, "slug": project.slug, "name": project.name},
        "isDemo": session.is_demo,
        "sourceMissing": session.source_missing,
        "textPrunedAt": iso(session.text_pruned_at),
        "workingDirectory": session.cwd or None,
    }


def _models(session: AgentSession) -> dict[str, Any]:
    used = [{"raw": item["name"], **_model(item["name"])} for item in session.models_used]
    return {"model": session.model or None, **_model(session.model), "modelsUsed": used}


def _model(name: str) -> dict[str, str | None]:
    known = model_identity(name) if name else None
    return {
        "modelDisplayName": known.display_name or None if known else None,
        "modelProvider": known.provider or None if known else None,
        "modelFamily": known.family or None if known else None,
        "modelVersion": known.version or None if known else None,
    }


def _usage(session: AgentSession) -> dict[str, Any]:
    totals = Totals.of(session)
    return {
        "tokensIn": totals.input_tokens,
        "tokensOut": totals.output_tokens,
        "inputTokens": totals.input_tokens,
        "outputTokens": totals.output_tokens,
        "cacheReadTokens": totals.cache_read_tokens,
        "cacheCreationTokens": totals.cache_creation_tokens,
        "cacheCreation5mTokens": totals.cache_creation_5m_tokens,
        "cacheCreation1hTokens": totals.cache_creation_1h_tokens,
        "unpricedTokens": totals.unpriced_tokens,
        "inheritedTokens": session.inherited_tokens,
        "responseCount": totals.responses,
        "partialOutputResponses": totals.lower_bound_responses,
        "totalCost": _cost(totals),
        "costProvenance": provenance(totals),
        "reportedCost": rounded_money(dollars(session.reported_cost_nano_usd)),
    }


def provenance(totals: Totals) -> str:
    """Where a cost comes from: `computed` from prices, `partial` when some tokens have none, `unpriced`, `none`."""
    if not totals.responses:
        return "none"
    if totals.cost_nano_usd is None:
        return "unpriced"
    return "partial" if totals.unpriced_tokens else "computed"


def _cost(totals: Totals) -> float | None:
    """0 where nothing was used; None where something was and nothing of it has a price."""
    return rounded_money(totals.cost_usd) if totals.responses else 0.0


def _times(session: AgentSession) -> dict[str, Any]:
    started, ended = iso(session.started_at), iso(session.ended_at)
    return {
        "startedAt": started,
        "endedAt": ended,
        "createdAt": started,
        "updatedAt": ended,
        "durationSeconds": session.wall_seconds,
        "activeSeconds": session.active_seconds,
    }


def _git(session: AgentSession) -> dict[str, Any]:
    return {
        "gitCommitHash": session.commits[-1] if session.commits else None,
        "gitCommitHashes": session.commits,
        "gitAuthor": session.author or None,
        "gitBranch": session.branch or None,
        "pullRequests": [_pull_request(told) for told in session.pull_requests],
    }


def _pull_request(told: dict[str, Any]) -> dict[str, Any]:
    """As the transcript has it, except for values of other types than they should be."""
    number, repository = told.get("number"), told.get("repository")
    return {
        "url": told["url"],
        "number": number if type(number) is int else None,
        "repository": repository if isinstance(repository, str) else None,
    }


def all_dates(dates: dict[str, Any]) -> dict[str, Any]:
    """Every date the API names, None where it is not known."""
    return dict.fromkeys(DATE_NAMES) | dates


def _ms(moment: Any) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def totals_json(totals: Totals) -> dict[str, Any]:
    return {
        "sessions": totals.sessions,
        "responses": totals.responses,
        "tokens": totals.tokens,
        "inputTokens": totals.input_tokens,
        "outputTokens": totals.output_tokens,
        "cacheReadTokens": totals.cache_read_tokens,
        "cacheCreationTokens": totals.cache_creation_tokens,
        "unpricedTokens": totals.unpriced_tokens,
        "cost": _cost(totals),
        "toolCalls": totals.tool_calls,
        "toolErrors": totals.tool_errors,
    }


def tools_used(tools: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tools of a session's row. `successRate` is a share of 0 to 1 here, as clients of old expect it."""
    return [
        {
            "name": tool["name"],
            "count": tool["count"],
            "successRate": success_share(tool["ok"], tool["error"]),
            "totalMs": tool["totalMs"] if tool["timed"] else None,
        }
        for tool in tools
    ]


def artifacts(session: AgentSession) -> list[dict[str, Any]]:
    """What the session refers to outside itself: commits, pull requests, skills and agents."""
    told = [("git_commit", commit, None) for commit in session.commits]
    told += [("pr_link", _pr_title(pr), pr["url"]) for pr in session.pull_requests]
    told += [("skill", skill, None) for skill in session.skills]
    told += [("agent", agent, None) for agent in session.agents]
    return [
        {
            "id": f"{kind}-{title}",
            "title": title,
            "type": kind,
            "description": None,
            "source": "transcript",
            "url": url,
            "sourceLogId": None,
            "sourceToolName": None,
        }
        for kind, title, url in told
    ]


def _pr_title(pr: dict[str, Any]) -> str:
    repository, number = pr.get("repository"), pr.get("number")
    return f"{repository or ''}#{number}" if number else pr["url"]


def tool_json(tool: ToolUsage) -> dict[str, Any]:
    return {
        "name": tool.name,
        "category": tool.category or None,
        "count": tool.calls,
        "errors": tool.errors,
        "outcomes": tool.outcomes,
        "successRate": tool.success_rate,
        "totalMs": tool.elapsed_ms,
        "executionMs": tool.execution_ms,
        "medianMs": tool.median_ms,
        "p95Ms": tool.p95_ms,
        "slowestMs": tool.slowest_ms,
    }


def file_json(file: FileTouched) -> dict[str, Any]:
    return {
        "filePath": file.path,
        "shownPath": file.shown_path,
        "reads": file.reads,
        "changes": file.changes,
        "created": file.created,
        "deleted": file.deleted,
        "additions": file.lines_added,
        "deletions": file.lines_removed,
        "lastAt": iso(file.last_at),
    }


def node_json(node: TreeNode, names: dict[int, str]) -> dict[str, Any]:
    """A session of a tree with its own totals, those of all below it, and both together."""
    return {
        "id": node.session.public_id,
        "title": node.session.title or None,
        "status": node.status,
        "sessionType": node.session.session_type,
        "agentName": node.session.agent_name or None,
        "startedAt": iso(node.session.started_at),
        "forkedFromSessionId": names.get(node.session.forked_from_id or 0),
        "continuedFromSessionId": names.get(node.session.continued_from_id or 0),
        "isAsked": node.is_asked,
        "depth": node.depth,
        "own": totals_json(node.own),
        "descendants": totals_json(node.descendants),
        "together": totals_json(node.together),
        "children": [node_json(child, names) for child in node.children],
    }
