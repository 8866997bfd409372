"""What the API says about the transcript of a session and the tabs that follow it in time."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from sessions.models import TranscriptEntry
from tasks.models import Link
from telemetry_site.tests.compared import Near, Region, Seen, Wanted, agree, api, cost, exact, items, numbered
from telemetry_site.tests.session_figures import inspected, nodes
from telemetry_site.tests.shown import tree as parsed

Tree = list[dict[str, Any]]


def entries_of(public_id: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    after: dict[str, int] = {}
    route = f"sessions/{quote(public_id)}/entries"
    while True:
        page = api(route, limit=500, **after)
        found |= {each["id"]: each for each in page["items"]}
        if page["nextAfter"] is None:
            return found
        after = {"after": page["nextAfter"]}


def transcript_tab(told: dict[str, Any], tree: Tree) -> None:
    """Every entry has its length and the figures of the responses that begin with it."""
    seen = inspected(told, tree, "")
    entries_shown(seen, told["id"])
    seen.done()


def entries_shown(seen: Seen, public_id: str, *besides: int) -> None:
    """Each entry and each group of folded calls. `besides` are figures that stand in no entry."""
    entries = entries_of(public_id)
    for place in list(seen.left):
        entry = re.search(r"entry-[0-9-]+$", place[0])
        if len(place) == 1 and entry:
            seen.same(place, *of_entry(entries[entry[0]]))
    groups = [each for each in parsed(seen.html).iter() if "entry-group" in each.get("class", "").split()]
    wanted = [sums_of_group([entries[name] for name in names_in(group)]) for group in groups]
    heads = [place for place in seen.left if len(place) == 1 and re.search(r"#[0-9]+$", place[0])]
    shown = [each for place in heads for each in seen.take(*place)]
    shown = [each for each in shown if each.value not in besides]
    assert len(shown) == sum(map(len, wanted)), (seen.address, shown, wanted)
    assert all(map(agree, shown, (each for group in wanted for each in group))), (shown, wanted)


def names_in(group: Element) -> list[str]:
    found = [re.search(r"entry-[0-9-]+$", each.get("id", "")) for each in group.iter()]
    return [each[0] for each in found if each]


def sums_of_group(entries: list[dict[str, Any]]) -> list[Wanted]:
    """What folded calls cost and how long they took together."""
    told = [each["metadata"] for each in entries]
    costs = [each for each in told if each.get("cost") is not None]
    took = [each for each in told if each.get("durationMs") is not None]
    return [
        *([exact(costs, "cost")] if costs else []),
        *([exact(took, "durationMs")] if took else []),
    ]


def of_entry(entry: dict[str, Any]) -> list[Wanted]:
    """How long the call took; what the response was given to read, what it wrote and what it cost."""
    meta = entry["metadata"]
    found: list[Wanted] = [] if meta.get("durationMs") is None else [meta["durationMs"]]
    if "inputTokens" in meta:
        found += [exact([meta], "inputTokens", "cacheReadTokens", "cacheCreationTokens")]
        found.append(meta["outputTokens"])
        # What is inherited costs something where it comes from.
        found += [] if meta["inherited"] else [meta["cost"]]
    if meta.get("executionMs") is not None:
        found.append(meta["executionMs"])
    return found


def outline_tab(told: dict[str, Any], tree: Tree) -> None:
    """How many lines of each kind there are to jump to."""
    seen = inspected(told, tree, "outline")
    calls = items("tool-calls", session=told["id"])
    entries = entries_of(told["id"])
    changed = [call for call in calls if call["outcome"] == "ok" and call["fileAction"] not in (None, "read")]
    kinds = {
        # Those that were inherited too, which the session itself does not count.
        "prompt": len({each["seq"] for each in entries.values() if each["kind"] == "prompt"}),
        "error": len({each["seq"] for each in entries.values() if is_error(each)}),
        "edit": len({call["seq"] for call in changed}),
        "commit": len({call["seq"] for call in calls if call["commits"]}),
        "compaction": told["compactionCount"],
    }
    seen.same((next(place[0] for place in seen.left),), *(count for count in kinds.values() if count))
    seen.done()


def is_error(entry: dict[str, Any]) -> bool:
    call = entry["toolCall"]
    return bool(entry["metadata"]["outcome"] == "error" if call else entry["level"] == "error")


def timeline_tab(told: dict[str, Any], tree: Tree) -> None:
    seen = inspected(told, tree, "timeline")
    responses = items("responses", session=told["id"])
    calls = items("tool-calls", session=told["id"])
    seen.same(("Context and tokens",), *([told["inputTokens"] + told["outputTokens"]] if responses else []))
    took = Counter(each["durationMs"] for each in calls)
    shown = Counter(None if each.value is None else int(each.value) for each in seen.take("Calls"))
    assert shown <= took and shown.total() == min(len(calls), 150)
    rows_of_responses(seen, responses)
    if told["compactionCount"]:
        seen.says(numbered(told["compactionCount"], "time"))
    lower = sum(each["partialOutput"] for each in responses)
    if lower:
        seen.says(f"{len(responses)} responses")
    if responses:
        seen.says(numbered(len(responses), "response"))
    seen.done()


def rows_of_responses(seen: Seen, responses: list[dict[str, Any]]) -> None:
    """A page of the responses, the first of them, by the minute."""
    columns = {
        "Input": "inputTokens",
        "Output": "outputTokens",
        "Cache written": "cacheCreationTokens",
        "Cache read": "cacheReadTokens",
        "Cost": "cost",
    }
    first = sorted(responses, key=lambda each: each["timestamp"])[:200]
    names = seen.rows("Responses")
    for column, name in columns.items():
        shown = [each.value for row in names for each in seen.take("Responses", row, column)]
        assert Counter(shown) == Counter(
            None if each[name] is None else Decimal(str(each[name])) for each in first
        ), (seen.address, column)
    ends = [each.value for row in names for each in seen.take("Responses", row, "So far")]
    if ends:
        assert ends[-1] == exact(first, "inputTokens", "outputTokens")


def events_tab(told: dict[str, Any], tree: Tree) -> None:
    seen = inspected(told, tree, "events")
    counted = (
        ("prompt", told["promptCount"]),
        ("compaction", told["compactionCount"]),
        ("error", told["apiErrorCount"]),
    )
    seen.says(*(numbered(count, what) for what, count in counted))
    seen.done()


def artifacts_tab(told: dict[str, Any], tree: Tree) -> None:
    """Each kind says how many of it there are: the API's own list names each once, the page has every time."""
    seen = inspected(told, tree, "artifacts")
    calls = items("tool-calls", session=told["id"])
    (top,) = [node for node in nodes(tree) if node["id"] == told["id"]]
    commands = [each for each in entries_of(told["id"]).values() if each["type"] == "command"]
    wanted = {
        "Commits": sum(len(call["commits"]) for call in calls),
        "Pull requests": len(told["pullRequests"]),
        "Commands": len(commands),
        "Skills": sum(call["tool"] == "Skill" for call in calls),
        "Agents": sum(node["sessionType"] == "subagent" for node in top["children"]),
        "Web pages and searches": sum(call["category"] == "web" for call in calls),
    }
    for label, count in wanted.items():
        seen.same((label,), *([count] if count else []))
    seen.done()


def served_tab(told: dict[str, Any], tree: Tree) -> None:
    """What the session's own work was for; how sure each link is."""
    seen = inspected(told, tree, "served")
    heading = "What its work was for"
    parts: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for each in items("responses", session=told["id"]):
        parts.setdefault((each["featureKey"], each["phaseId"], each["taskId"]), []).append(each)
    sums = Counter(
        (exact(rows, "cost"), exact(rows, "inputTokens", "outputTokens")) for rows in parts.values()
    )
    if len(parts) > 1:
        whole = {"Cost": told["totalCost"], "Tokens": told["inputTokens"] + told["outputTokens"]}
        seen.row(heading, "The session, without subagents", whole)
    shown: Counter[tuple[Any, ...]] = Counter()
    for name in seen.rows(heading):
        costs, tokens = seen.take(heading, name, "Cost"), seen.take(heading, name, "Tokens")
        shown.update((c.value, t.value) for c, t in zip(costs, tokens, strict=True))
    assert {(round(c, 6), t) for c, t in shown} == {(round(c, 6), t) for c, t in sums}, told["id"]
    confidences(seen, told["id"])
    seen.done()


def confidences(seen: Seen, public_id: str) -> None:
    """How sure its links are. The API tells those with features, not those with phases and tasks."""
    # Of commits, what plans name is told without a figure.
    links = Link.objects.filter(session__public_id=public_id, commit="").exclude(state=Link.State.UNLINKED)
    sure = [100 * link.confidence for link in [*links, *links.filter(is_primary=True)]]
    found = [each for place in list(seen.left) if len(place) == 1 for each in seen.take(*place)]
    shown = sorted(each.value for each in found if each.value is not None)
    assert len(shown) == len(found) == len(sure), (public_id, shown, sure)
    assert all(abs(float(one) - two) < 0.06 for one, two in zip(shown, sorted(sure), strict=True)), (
        shown,
        sure,
    )


def line_page(told: dict[str, Any], tree: Tree) -> None:
    """Where a line stands in its file; the archive's own row tells it."""
    seen = inspected(told, tree, "lines/1")
    entry = TranscriptEntry.objects.get(session__public_id=told["id"], seq=1)
    (place,) = [place for place in seen.left if place[-1] == "Place"]
    seen.same(place, entry.offset, entry.length)
    if entry.at_ms is None:
        seen.same((place[0], "Time"), None)
    seen.done()


def inline_region(child: str) -> None:
    """A subagent within the transcript of the session that started it."""
    told = api(f"sessions/{quote(child)}")
    seen = Region(f"/sessions/{quote(child)}/inline")
    entries_shown(seen, child)
    for place in list(seen.left):
        tokens = told["inputTokens"] + told["outputTokens"]
        seen.same(place, cost(told["totalCost"], told["responseCount"]), tokens, told["activeSeconds"])
    seen.done()


def thread_region(parent: str) -> None:
    """The rows below a session in the list."""
    seen = Region(f"/sessions/{quote(parent)}/thread")
    told = {each["id"]: each for each in items("sessions", include_subagents="true")}
    for place in list(seen.left):
        each, column = told[place[1]], place[2]
        wanted = {
            "Cost": cost(each["totalCost"], each["responseCount"]),
            "Tokens": each["inputTokens"] + each["outputTokens"],
            "Calls": each["toolCallCount"],
            "Errors": each["toolErrorCount"],
            "Active": each["activeSeconds"],
        }
        seen.same(place, wanted[column])
    seen.done()


def served_brief(told: dict[str, Any], tree: Tree) -> None:
    """How sure its main link is, or how many it has. The API tells links with features, not with phases and tasks."""
    seen = Region(f"/sessions/{quote(told['id'])}/served/brief")
    linked = Link.objects.filter(session__public_id=told["id"])
    for place in list(seen.left):
        seen.same(place, *(Near(100 * link.confidence) for link in linked.filter(is_primary=True)))
    if seen.counted:
        seen.says(numbered(linked.count(), "link"))
    seen.done()


def news_region(told: dict[str, Any], tree: Tree) -> None:
    """What came after the beginning, with the head as it is now."""
    seen = Region(f"/sessions/{quote(told['id'])}/news", after="0")
    entries_shown(seen, told["id"], told["logCount"])
    listed = next(each for each in items("sessions", include_subagents="true") if each["id"] == told["id"])
    known = {
        *(told[name] for name in ("logCount", "inputTokens", "outputTokens", "cacheReadTokens")),
        *(
            told[name]
            for name in ("cacheCreationTokens", "activeSeconds", "durationSeconds", "inheritedTokens")
        ),
        *(each and round(each, 6) for each in (told["totalCost"], listed["familyTotals"]["cost"])),
    }
    for place in list(seen.left):
        for each in seen.take(*place):
            assert each.value is None or float(round(each.value, 6)) in known, (place, each)
    seen.done()


TABS = (transcript_tab, outline_tab, timeline_tab, events_tab, artifacts_tab, served_tab, line_page)
