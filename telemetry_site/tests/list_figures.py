"""What the API says about the list of sessions, the calendar and what runs now."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import Any
from urllib.parse import quote

from telemetry_site.tests.compared import (
    Seen,
    Wanted,
    api,
    cost,
    day,
    exact,
    items,
    numbered,
)
from telemetry_site.tests.session_figures import nodes


def activity() -> None:
    """A day of the calendar says its two figures in words, and the table has them again."""
    seen = Seen("/activity")
    days: dict[date, list[dict[str, Any]]] = {}
    for response in items("responses"):
        days.setdefault(day(response["timestamp"]), []).append(response)
    shown = dict(re.findall(r"<title>\w+ (\d+ \w+ \d+): (\d+) responses?, \$", seen.html))
    for at, responses in sorted(days.items(), reverse=True)[: len(seen.rows("Active days"))]:
        tokens = exact(responses, "inputTokens", "outputTokens")
        row: dict[str, Wanted] = {
            "Responses": len(responses),
            "Cost": exact(responses, "cost"),
            "Tokens": tokens,
        }
        seen.row("Active days", f"{at:%a} {at.day} {at:%b %Y}", row)
        assert shown.pop(f"{at.day} {at:%b %Y}") == str(len(responses))
    assert not shown
    seen.same(("Activity", "Busiest day"), max(map(len, days.values())))
    seen.same(("Activity", "Dearest day"), max(exact(each, "cost") for each in days.values()))
    seen.done()


OWN = {"Input": "inputTokens", "Output": "outputTokens", "Cache read": "cacheReadTokens"}


def session_list(asked: dict[str, str]) -> None:
    """Every row of the first page in every column, and what the whole list adds up to."""
    columns = "cost,tokens,input,output,cache,prompts,calls,errors,lines,active,duration"
    seen = Seen("/sessions", columns=columns, **asked)
    listed = items("sessions", **asked)
    first = listed[: api("sessions", **asked)["limit"]]
    for each in first:
        session_row(seen, each)
        below(seen, each)
    noun = "session" if len(listed) == 1 else "sessions"
    seen.says(numbered(len(listed), "session"), f"{len(listed)} {noun}")
    own = {
        "Cost": exact(listed, "totalCost"),
        "Tokens": exact(listed, "inputTokens", "outputTokens"),
        "Calls": exact(listed, "toolCallCount"),
        "Errors": exact(listed, "toolErrorCount"),
        "Active": exact(listed, "activeSeconds"),
        **{label: exact(listed, name) for label, name in OWN.items()},
    }
    seen.row("Columns", f"All {len(listed)} {noun} of this list", own)
    if "With their subagents" in seen.rows("Columns"):
        seen.row("Columns", "With their subagents", families(listed))
    seen.done()


def session_row(seen: Seen, each: dict[str, Any]) -> None:
    family, spent = each["familyTotals"], cost(each["totalCost"], each["responseCount"])
    both = (cost(family["cost"], family["responses"]),) if each["subagentCount"] else ()
    tokens = (family["tokens"],) if each["subagentCount"] else ()
    row: dict[str, Wanted | tuple[Wanted, ...]] = {
        "Cost": (spent, *both),
        "Tokens": (each["inputTokens"] + each["outputTokens"], *tokens),
        "Prompts": each["promptCount"],
        "Calls": each["toolCallCount"],
        "Errors": each["toolErrorCount"],
        "Active": each["activeSeconds"],
        "Duration": each["durationSeconds"],
        "Lines changed": f"+{each['linesAdded']} −{each['linesRemoved']}",
        **{label: each[name] for label, name in OWN.items()},
    }
    seen.row("Columns", each["id"], row)


def below(seen: Seen, each: dict[str, Any]) -> None:
    """What it started, and what was forked from it, as its tree has them."""
    own = re.search(rf"/sessions/{re.escape(quote(each['id']))}/thread.*?</a>", seen.html, re.DOTALL)
    if not own:
        return
    (top,) = api(f"sessions/{each['id']}/tree")["items"]
    kinds = Counter(node["sessionType"] for node in nodes([top]) if node is not top)
    told = [numbered(kinds[kind], kind) for kind in ("subagent", "fork") if kinds[kind]]
    assert ", ".join(told) in own[0], (each["id"], told, own[0])
    assert kinds["subagent"] == each["subagentCount"]
    seen.says(*told)


def families(listed: list[dict[str, Any]]) -> dict[str, Wanted]:
    """Sums over sessions and all below them, each counted once."""
    every = {
        each["id"]: each for each in items("sessions", include_subagents="true", include_inactive="true")
    }
    wanted = {each["id"] for each in listed}

    def is_below(each: dict[str, Any]) -> bool:
        above = each["parentSessionId"]
        return each["id"] in wanted or (above in every and is_below(every[above]))

    members = [each for each in every.values() if is_below(each)]
    return {
        "Cost": exact(members, "totalCost"),
        "Tokens": exact(members, "inputTokens", "outputTokens"),
        "Calls": exact(members, "toolCallCount"),
        "Errors": exact(members, "toolErrorCount"),
        "Active": exact(members, "activeSeconds"),
        **{label: exact(members, name) for label, name in OWN.items()},
    }
