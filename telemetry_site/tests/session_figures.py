"""What the API says about the tabs of a session that add up what was used."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from sessions.models import AgentSession
from telemetry_site.tests.compared import (
    CLASSES,
    MICRO,
    Near,
    Seen,
    Wanted,
    agree,
    cost,
    exact,
    items,
    numbered,
    percent,
)


def sessions_to_look_into() -> list[str]:
    """The busiest, one with most subagents, and one that another started."""
    listed = items("sessions", include_subagents="true")
    busiest = max(listed, key=lambda each: each["responseCount"])
    working = [each for each in listed if each["responseCount"]]
    parent = max(working, key=lambda each: each["subagentCount"])
    child = next(each for each in listed if each["parentSessionId"] == parent["id"] and each["responseCount"])
    return [each["id"] for each in (busiest, parent, child)]


def inspected(told: dict[str, Any], tree: list[dict[str, Any]], tab: str) -> Seen:
    """A tab of a session, its header compared."""
    seen = Seen(f"/sessions/{quote(told['id'])}" + (f"/{tab}" if tab else ""))
    heading = next(place[0] for place in seen.left if place[1:] == ("Active",))
    listed = next(each for each in items("sessions", include_subagents="true") if each["id"] == told["id"])
    own = cost(told["totalCost"], told["responseCount"])
    seen.same((heading, "Cost"), own, *([listed["familyTotals"]["cost"]] if listed["subagentCount"] else []))
    seen.same(
        (heading, "Tokens"),
        *(told[name] for name in ("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens")),
    )
    active, wall = told["activeSeconds"], told["durationSeconds"]
    seen.same((heading, "Active"), active, *([wall] if wall not in (None, active) else []))
    if told["inheritedTokens"]:
        seen.same((heading, "Inherited"), told["inheritedTokens"])
    parts = [told["logCount"], told["toolCallCount"], told["filesChanged"]]
    below = [listed["subagentCount"]] if listed["subagentCount"] else []
    seen.same(("Parts of the session",), *parts, *below)
    return seen


def nodes(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for node in tree for each in (node, *nodes(node["children"]))]


def cost_tab(told: dict[str, Any], tree: list[dict[str, Any]]) -> None:
    seen = inspected(told, tree, "cost")
    responses = items("responses", session=told["id"])
    by_class(seen, told)
    used: dict[str, list[dict[str, Any]]] = {}
    for each in responses:
        used.setdefault(each["model"], []).append(each)
    for name, parts in used.items():
        seen.row("By model", name, spending(parts, told))
    for heading in [place[0] for place in list(seen.left) if place[1:] == ("All", "Responses")]:
        # Agents are the session itself and all that it started, the rest is of its own responses.
        mine = family(told["id"], tree) if heading == "By agent" else responses
        whole = spending(mine, told)
        whole.pop("Share")
        seen.row(heading, "All", whole)
        if heading != "By model":
            # The API has no such parts: they are the whole.
            adds_up(seen, heading, whole)
    seen.done()


def family(public_id: str, tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The responses of a session and of its subagents."""
    top = next(node for node in nodes(tree) if node["id"] == public_id)
    members = [node for node in nodes([top]) if node["id"] == public_id or node["sessionType"] == "subagent"]
    return [each for node in members for each in items("responses", session=node["id"])]


def spending(parts: list[dict[str, Any]], told: dict[str, Any]) -> dict[str, Any]:
    share = percent(exact(parts, "cost"), told["totalCost"])
    return {
        "Responses": len(parts),
        "All tokens": exact(parts, *CLASSES.values()),
        "Cost": exact(parts, "cost"),
        "Share": (Near(share), Near(share)),
    }


def adds_up(seen: Seen, heading: str, whole: dict[str, Any]) -> None:
    names = seen.rows(heading)
    for column, wanted in whole.items():
        found = [each.value or 0 for name in names for each in seen.take(heading, name, column)]
        if abs(sum(found) - Decimal(str(wanted))) > MICRO:
            seen.wrong.append(f"{heading}, {column}: the parts are {sum(found)}, the whole {wanted}")
    for name in names:
        shares = seen.take(heading, name, "Share")
        assert len(shares) == 2


def by_class(seen: Seen, told: dict[str, Any]) -> None:
    """The API does not tell what a class of tokens costs: together they are the session's cost."""
    heading = "By class of tokens"
    names = {
        "Input": "inputTokens",
        "Output": "outputTokens",
        "Cache read": "cacheReadTokens",
        "Cache written, 5 minutes": "cacheCreation5mTokens",
        "Cache written, 1 hour": "cacheCreation1hTokens",
    }
    costs = []
    for label, name in names.items():
        seen.same((heading, label, "Tokens"), told[name])
        costs += [each.value or Decimal() for each in seen.take(heading, label, "Cost")]
        shares = seen.take(heading, label, "Share")
        drawn, share = shares if len(shares) == 2 else pytest.fail(f"{told['id']} {list(seen.left)}")
        assert share.value is not None
        assert agree(drawn, Near(float(share.value)))
        assert agree(share, Near(percent(costs[-1], told["totalCost"])))
    assert abs(sum(costs) - Decimal(str(told["totalCost"]))) <= MICRO
    seen.same((heading, "All", "Tokens"), exact([told], *names.values()))
    seen.same((heading, "All", "Cost"), told["totalCost"])


def tools_tab(told: dict[str, Any], tree: list[dict[str, Any]]) -> None:
    seen = inspected(told, tree, "tools")
    for tool in items(f"sessions/{told['id']}/tools"):
        columns = {
            "Calls": "count",
            "Success": "successRate",
            "Half within": "medianMs",
            "95 % within": "p95Ms",
            "Slowest": "slowestMs",
            "Time in all": "totalMs",
            "Own figure": "executionMs",
        }
        seen.row("Tools", tool["name"], {label: tool[name] for label, name in columns.items()})
    seen.same(("Tools", "All", "Calls"), told["toolCallCount"])
    calls = items("tool-calls", session=told["id"])
    outcomes = Counter((call["tool"], call["outcome"]) for call in calls)
    for (_, outcome), count in outcomes.items():
        seen.says(numbered(count, outcome) if outcome == "error" else f"{count} {outcome}")
    # Answers marked as errors are also those to calls that a person declined.
    seen.says(f"{told['toolErrorCount']} error", numbered(len(calls), "call"))
    took: dict[str, Counter[int | None]] = {}
    for call in calls:
        took.setdefault(call["tool"], Counter())[call["durationMs"]] += 1
    for name in seen.rows("Every call"):
        # A page of the calls, in an order of its own.
        shown = Counter(
            None if each.value is None else int(each.value) for each in seen.take("Every call", name, "Took")
        )
        assert shown <= took[name], name
    seen.done()


def files_tab(told: dict[str, Any], tree: list[dict[str, Any]]) -> None:
    seen = inspected(told, tree, "files")
    every, files = items("tool-calls"), items(f"sessions/{told['id']}/files")
    for file in files:
        added, removed = file["additions"], file["deletions"]
        lines: tuple[Wanted, ...] = (f"+{added}−{removed or 0}",) if added is not None else ()
        if added is None and file["changes"]:
            lines = (None,)
        row = {"Reads": file["reads"], "Changes": file["changes"], "Lines": lines}
        seen.row("Files", file["filePath"], row)
        others = {call["sessionId"] for call in every if call["filePath"] == file["filePath"]} - {told["id"]}
        seen.says(numbered(len(others), "session"))
    text = re.sub(r"<[^>]+>", "", seen.html)
    whole = f"{told['filesChanged']} changed, +{told['linesAdded']}−{told['linesRemoved']} lines"
    assert not files or whole in text
    seen.done()


def tree_tab(told: dict[str, Any], tree: list[dict[str, Any]]) -> None:
    seen = inspected(told, tree, "tree")
    heading = "Who started whom"
    # The API tells what is inherited in tokens, not in how many responses.
    for each in AgentSession.objects.filter(public_id__in=[node["id"] for node in nodes(tree)]):
        seen.says(numbered(each.inherited_response_count, "response"))
    for node in nodes(tree):
        own, both = node["own"], node["together"]
        name = node["title"] if node["isAsked"] else node["id"]
        seen.row(heading, name, {"Cost": cost(own["cost"], own["responses"]), "Tokens": own["tokens"]})
        if node["children"]:
            spent = cost(both["cost"], both["responses"])
            seen.row(heading, name, {"Cost with all below": spent, "Tokens with all below": both["tokens"]})
    seen.done()


def impact_tab(told: dict[str, Any], tree: list[dict[str, Any]]) -> None:
    seen = inspected(told, tree, "impact")
    if any(place[-1] == "Files changed" for place in seen.left):
        seen.same(
            (next(p[0] for p in seen.left if p[-1] == "Files changed"), "Files changed"), told["filesChanged"]
        )
    columns = {"Added so far": "locAdded", "Removed so far": "locRemoved", "Files so far": "fileCount"}
    for column, name in columns.items():
        places = [place for place in seen.left if place[-1] == column]
        shown = Counter(int(each.text) for place in places for each in seen.take(*place))
        assert shown == Counter(each[name] for each in told["impactHistory"]), column
    seen.done()


TABS = (cost_tab, tools_tab, files_tab, tree_tab, impact_tab)
