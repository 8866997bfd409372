"""What the API says about features, tasks and documents, and what was used for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from django.utils import timezone

from analytics.plans.active_time import active_seconds
from analytics.plans.document_pages import document_page as document_answer
from analytics.plans.feature_page import feature_page as feature_answer
from analytics.plans.flow import flow
from analytics.plans.task_pages import task_page as task_answer
from sessions.date_bounds import reporting_zone
from tasks.models import Document, Feature, ProjectTask
from telemetry_site.tests.compared import (
    Near,
    Seen,
    Wanted,
    agree,
    api,
    cost,
    dashboard,
    day,
    exact,
    items,
    numbered,
    percent,
)
from telemetry_site.tests.dashboard_figures import course
from telemetry_site.tests.shown import Shown

Rows = list[dict[str, Any]]
STATUSES = {
    "Backlog": "backlog",
    "In progress": "in-progress",
    "Blocked": "blocked",
    "In review": "review",
    "Done": "done",
    "Deferred": "deferred",
}
COMPLETE = ("done", "deferred")


@dataclass(frozen=True)
class Facts:
    """Every response and call that the API lists: what was used for a thing is what names it."""

    responses: Rows = field(default_factory=lambda: items("responses"))
    calls: Rows = field(default_factory=lambda: items("tool-calls"))

    def of(self, **named: Any) -> Facts:
        def is_named(each: dict[str, Any]) -> bool:
            return all(each[name] == value for name, value in named.items())

        return Facts(list(filter(is_named, self.responses)), list(filter(is_named, self.calls)))

    @property
    def sessions(self) -> int:
        return len({each["sessionId"] for each in (*self.responses, *self.calls)})

    @property
    def failed(self) -> int:
        return sum(each["outcome"] == "error" for each in self.calls)

    def known(self, *names: str) -> Decimal | None:
        """A sum over responses; nothing is known of what no response was for, or of what has no price."""
        is_known = any(each[name] is not None for each in self.responses for name in names)
        return exact(self.responses, *names) if is_known else None

    def by(self, name: str) -> dict[Any, Facts]:
        return {value: self.of(**{name: value}) for value in dict.fromkeys(r[name] for r in self.responses)}


def used(facts: Facts) -> dict[str, Wanted]:
    return {
        "Cost": facts.known("cost"),
        "Tokens": facts.known("inputTokens", "outputTokens"),
        "Sessions": facts.sessions,
    }


def progress(told: dict[str, Any]) -> tuple[Wanted, ...]:
    return (told["completedTasks"], told["totalTasks"]) if told["totalTasks"] else (None,)


def of_tasks(tasks: Rows) -> tuple[Wanted, ...]:
    return (sum(each["status"] in COMPLETE for each in tasks), len(tasks)) if tasks else (None,)


# What the cost of a period was for.


def work_of(key: str, **asked: str) -> dict[Any, Rows]:
    """The responses of a period by what they were for."""
    found: dict[Any, Rows] = {}
    for response in items("responses", **asked):
        found.setdefault(response[key], []).append(response)
    return found


def work(parts: Rows, whole: Decimal, sessions: Wanted = -1) -> dict[str, Wanted]:
    """What was used for something; nothing is known of what no response was for."""
    told = len({part["sessionId"] for part in parts}) if sessions == -1 else sessions
    return {
        "Share of cost": Near(percent(exact(parts, "cost"), whole)),
        "Cost": exact(parts, "cost") if parts else None,
        "Tokens": exact(parts, "inputTokens", "outputTokens") if parts else None,
        "Sessions": told,
    }


def feature_costs(asked: dict[str, str]) -> None:
    """The API tells the feature of each response."""
    seen = Seen("/features/costs", **dashboard(asked))
    heading = "Features by cost"
    used_for = work_of("featureKey", **asked)
    every = [each for parts in used_for.values() for each in parts]
    whole = exact(every, "cost")
    told = {str(each["key"]): each for each in items("features")}
    for key, parts in used_for.items():
        name = "(unattributed)" if key is None else str(key)
        seen.row(heading, name, work(parts, whole))
        if key is not None:
            seen.same((heading, name, "Progress"), *progress(told[name]))
    seen.row(heading, "All work", work(every, whole))
    seen.done()


def feature_list() -> None:
    seen = Seen("/features", view="list", sort="cost")
    kpis = api("analytics/overview")["kpis"]
    told = {str(each["key"]): each for each in items("features")}
    heading = next(place[0] for place in seen.left if place[-1] == "Progress")
    for name in [each for each in seen.rows(heading) if each in told]:
        each = told[name]
        seen.same((heading, name, "Progress"), *progress(each))
        row = {
            "Share of cost": Near(percent(each["cost"], kpis["sessionCost"])),
            "Cost": cost(each["cost"], each["sessionCount"]),
            "Tokens": cost(each["tokens"], each["sessionCount"]),
            "Sessions": each["sessionCount"],
        }
        seen.row(heading, name, row)
    seen.says(f"{len(told)} features")
    added_up(seen, list(told.values()))
    seen.done()


def added_up(seen: Seen, told: Rows) -> None:
    heading = "What it adds up to"
    used_for = work_of("featureKey")
    every = [each for parts in used_for.values() for each in parts]
    planned = [each for key, parts in used_for.items() if key is not None for each in parts]
    whole = exact(every, "cost")
    shown = f"{len(told)} features shown"
    seen.says(f"{len(told)} features")
    done = (exact(told, "completedTasks"), exact(told, "totalTasks"))
    seen.same((heading, shown, "Progress"), *done)
    seen.row(heading, shown, work(planned, whole, None))
    seen.row(heading, "(unattributed)", work(used_for.get(None, []), whole))
    seen.row(heading, "All work", work(every, whole))


def feature_board() -> None:
    """The first of each status as cards, and how many there are."""
    seen = Seen("/features", view="board")
    told = items("features")
    for label, status in STATUSES.items():
        mine = [each for each in told if each["status"] == status]
        seen.same((label,), len(mine))
        more = re.search(rf"status={status}\">(\d+) more<", seen.html)
        shown = [each for each in mine if f'href="/features/{each["key"]}"' in seen.html]
        assert len(shown) + int(more[1] if more else 0) == len(mine), label
        for each in shown:
            if (each["name"],) not in seen.left:
                continue  # Of another card of the same name.
            seen.same((each["name"],), *(p for e in shown if e["name"] == each["name"] for p in progress(e)))
            if each["sessionCount"]:
                row = {"Cost": each["cost"], "Tokens": each["tokens"], "Sessions": each["sessionCount"]}
                for column, value in row.items():
                    seen.same((each["name"], column), value)
    added_up(seen, told)
    seen.done()


# A feature.


def feature_page(key: int, facts: Facts) -> None:
    seen = Seen(f"/features/{key}")
    told = api(f"features/{key}")
    mine = facts.of(featureKey=key)
    seen.repeats(told["statusReason"] or "")
    feature_tiles(seen, told, mine)
    dates(
        seen, "As planned", told, {"Planned": "plannedAt", "Started": "startedAt", "Completed": "completedAt"}
    )
    if told["pullRequests"]:
        seen.same(("As planned", "Pull requests"), *told["pullRequests"])
    feature_course(seen, mine)
    phases(seen, told, mine)
    estimates(seen, key)
    for heading, name in {"Models": "model", "Agents": "agentName"}.items():
        for value, parts in mine.by(name).items():
            seen.row(heading, value or "the main session", used(parts))
    documents_of(seen, told["linkedDocs"])
    linked_sessions(seen, told, mine)
    seen.done()


def feature_tiles(seen: Seen, told: dict[str, Any], mine: Facts) -> None:
    done, spent = told["completedTasks"], mine.known("cost")
    if spent is not None:
        assert agree(Shown(Decimal(str(told["cost"])), "as the API sums it up"), spent)
    seen.same(("Cost",), spent, *([spent / done] if spent is not None and done else []))
    seen.same(("Tasks complete",), told["progress"])
    tokens = exact(mine.responses, "inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens")
    seen.same(("Tokens",), mine.known("inputTokens", "outputTokens"), tokens)
    # The API tells the active time of sessions, not what part of it was for what; a test of its own counts that.
    seen.same(("Active time",), active_seconds(told["key"]))
    seen.same(("Sessions",), mine.sessions)
    tool_calls(seen, mine)
    seen.same(("Rework",), *rework(told["completedAt"], mine))
    # What is left is told by no API: a test of its own counts it.
    answer = feature_answer(Feature.objects.get(pk=told["key"]), zone=reporting_zone()).forecast
    seen.same(("To finish",), *((answer.low_usd, answer.high_usd) if answer else (None,)))
    if mine.responses:
        classes = {
            "Input": "inputTokens",
            "Output": "outputTokens",
            "Cache written": "cacheCreationTokens",
            "Cache read": "cacheReadTokens",
        }
        for label, name in classes.items():
            seen.same((told["name"], label), mine.known(name))
        seen.same((told["name"], "Responses"), len(mine.responses))
        if told["unpricedTokens"]:
            seen.same((told["name"], "Without a price"), told["unpricedTokens"])


def tool_calls(seen: Seen, mine: Facts) -> None:
    ok = sum(each["outcome"] == "ok" for each in mine.calls)
    judged = ok + mine.failed
    seen.same(("Tool calls",), len(mine.calls), mine.failed, *([percent(ok, judged)] if judged else []))


def rework(completed_at: str | None, mine: Facts) -> tuple[Wanted, ...]:
    """What was used after the day of completion."""
    if completed_at is None or not mine.responses:
        return (None,)
    after = [r for r in mine.responses if day(r["timestamp"]) > date.fromisoformat(completed_at[:10])]
    return (exact(after, "cost"), exact(after, "inputTokens", "outputTokens")) if after else (0,)


def dates(seen: Seen, heading: str, told: dict[str, Any], names: dict[str, str]) -> None:
    """A day that is not known is marked as such."""
    for label, name in names.items():
        one_date(seen, heading, label, told[name] and date.fromisoformat(told[name][:10]))


def one_date(seen: Seen, heading: str, label: str, day: date | None) -> None:
    if day is None:
        seen.same((heading, label), None)
    else:
        assert re.search(rf"<dt>{label}</dt>\s*<dd>{day.day} {day:%b %Y}\b", seen.html), (label, day)


def feature_course(seen: Seen, mine: Facts) -> None:
    """Cost per step: buckets of the page's course are compared with the responses in them."""
    heading = "Cost, as a table"
    names = sorted(seen.rows(heading))
    if not names:
        return
    for at, until in zip(names, [*names[1:], "9999"], strict=True):
        within = [r for r in mine.responses if at <= r["timestamp"][:16].replace("T", " ") < until]
        seen.same((heading, at, "Cost"), exact(within, "cost"))


def phases(seen: Seen, told: dict[str, Any], mine: Facts) -> None:
    """A phase goes by its document's id and a task by its own, which can be the same."""
    wanted: dict[tuple[str, str], list[Wanted]] = {}

    def add(name: str, row: dict[str, Wanted], done: tuple[Wanted, ...] = ()) -> None:
        for column, value in row.items():
            wanted.setdefault((name, column), []).append(value)
        if done:
            wanted[name, "Progress"] = list(done)

    def add_all(name: str, tasks: Rows, of: Facts) -> None:
        add(name, used(of) | {"Failed calls": of.failed}, of_tasks(tasks))
        for task in tasks:
            add(task["id"], used(mine.of(taskId=task["id"])))

    for phase in told["phases"]:
        # What a phase's tasks used is the phase's too.
        name = phase["documentId"] or f"phase {phase['phase']}"
        add_all(name, phase["tasks"], mine.of(phaseId=phase["id"]))
        assert progress(phase) == of_tasks(phase["tasks"])
    rest, loose = mine.of(phaseId=None), told["tasksWithoutPhase"]
    if rest.responses or rest.calls or loose:
        add_all("(no phase)", loose, rest)
    if wanted:
        add("The feature", used(mine) | {"Failed calls": mine.failed}, progress(told))
    for (name, column), values in wanted.items():
        seen.same(("Phases and tasks", name, column), *values)


def estimates(seen: Seen, key: int) -> None:
    """Each unit by itself: sums of the estimates that the API tells of each task."""
    told = items("tasks", feature=str(key))
    heading = "Estimate and actual"
    for label, name in {"Points": "points", "Hours": "hours", "Dollars": "usd"}.items():
        mine = [task for task in told if task["estimate"][name] is not None]
        if not mine:
            continue
        whole = [task["estimate"] for task in mine]
        done = [task["estimate"] for task in mine if task["status"] in COMPLETE]
        row: dict[str, Wanted] = {
            "Tasks": f"{len(mine)} of {len(told)}",
            "Estimate": exact(whole, name),
            "Complete": exact(done, name),
        }
        seen.row(heading, label, row)
        if name == "points":
            seen.same((heading, label, "Actual"), None)


def documents_of(seen: Seen, told: Rows) -> None:
    seen.same(("Documents",), len(told))
    for document in told:
        if document["status"] is None:
            seen.same(("Documents", document["id"], "Status"), None)


def linked_sessions(seen: Seen, told: dict[str, Any], mine: Facts) -> None:
    """The surest link of each session and what it used for the feature."""
    heading, linked = "Sessions", items(f"features/{told['key']}/linked-sessions")
    if linked:
        seen.says(numbered(len(linked), "session"))
    by_session = {each["sessionId"]: each for each in linked}
    for name in seen.rows(heading):
        each = by_session[name]
        if each["origin"]:
            seen.same((heading, name, "Confidence"), 100 * each["confidence"])
        # How sure its links to phases and tasks are stands with each.
        seen.take(heading, name, "Why")
        spent = mine.of(sessionId=name)
        row = {"Cost here": spent.known("cost"), "Tokens here": spent.known("inputTokens", "outputTokens")}
        seen.row(heading, name, row)


# Tasks and documents.


# Tasks and documents.


def task_list() -> None:
    seen = Seen("/tasks")
    told = items("tasks")
    by_id = {each["id"]: each for each in told}
    seen.says(f"{len(told)} tasks", f"{len(told)} tasks")
    for name in [each for each in seen.rows("Tasks") if each in by_id]:
        each = by_id[name]
        seen.same(("Tasks", name, "Cost"), cost(each["cost"], each["sessionCount"]))
    every = f"All {len(told)} tasks"
    seen.same(("Tasks", every, "Progress"), *of_tasks(told))
    seen.same(("Tasks", every, "Cost"), exact(told, "cost") or None)
    seen.done()


def task_page(key: str, facts: Facts) -> None:
    seen = Seen(f"/tasks/{key}")
    told, mine = api(f"tasks/{key}"), facts.of(taskId=key)
    seen.same(("Cost",), mine.known("cost"))
    tokens = exact(mine.responses, "inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens")
    seen.same(("Tokens",), mine.known("inputTokens", "outputTokens"), *([tokens] if mine.responses else []))
    seen.same(("Sessions",), mine.sessions)
    tool_calls(seen, mine)
    seen.same(("Rework",), *rework(told["completedAt"], mine))
    for heading in {place[0] for place in seen.left if place[1:] in [("Started",), ("Completed",)]}:
        dates(seen, heading, told, {"Started": "startedAt", "Completed": "completedAt"})
    answer = task_answer(ProjectTask.objects.get(pk=key), zone=reporting_zone())
    links_shown(seen, answer.sessions, mine)
    seen.done()


def links_shown(seen: Seen, found: Any, mine: Facts) -> None:
    """The API tells how sure links of features are; of those of tasks and documents the selector does."""
    by_id = {each.session.public_id: each for each in found.object_list}
    for name in seen.rows("Sessions"):
        best = by_id[name].best
        seen.same(("Sessions", name, "Confidence"), best.percent if best else None)
        seen.take("Sessions", name, "Why")
        if ("Sessions", name, "Cost here") in seen.left:
            spent = mine.of(sessionId=name)
            row = {
                "Cost here": spent.known("cost"),
                "Tokens here": spent.known("inputTokens", "outputTokens"),
            }
            seen.row("Sessions", name, row)
    if by_id:
        seen.says(numbered(found.paginator.count, "session"))


def document_list() -> None:
    seen = Seen("/documents")
    told = items("documents")
    seen.says(f"{len(told)} document" + "s" * (len(told) != 1))
    by_id = {each["id"]: each for each in told}
    for heading in {place[0] for place in seen.left}:
        for name in [each for each in seen.rows(heading) if each in by_id]:
            each = by_id[name]
            if each["status"] is None:
                seen.same((heading, name, "Status"), None)
            if (heading, name, "Tasks") in seen.left:
                seen.same((heading, name, "Tasks"), *progress(each))
    unknown: dict[str, list[int]] = {}
    for each in told:
        for word in api(f"documents/{each['id']}")["unknownStatuses"]:
            unknown.setdefault(f"“{word['word']}”", []).append(word["count"])
    for name, times in unknown.items():
        seen.row("Unknown status words", name, {"Times": sum(times), "Documents": len(times)})
    seen.done()


def document_page(key: str) -> None:
    seen = Seen(f"/documents/{key}")
    told = api(f"documents/{key}")
    title = next(place[0] for place in [*seen.left, (told["title"],)] if place[0] != "Tasks")
    if told["status"] is None:
        seen.same((title,), None)
    dates(seen, title, told, {"Created": "createdAt"})
    # Of the file's own words; the API tells when it was changed at the latest.
    one_date(seen, title, "Updated", Document.objects.get(pk=key).updated_on)
    if told["tasks"]:
        seen.same(("Tasks",), *of_tasks(told["tasks"]))
    for word in told["unknownStatuses"]:
        seen.says(f"{word['count']} time" + "s" * (word["count"] != 1))
    if told["checklist"]:
        done = sum(each["done"] for each in told["checklist"])
        assert f"Check-list: {done} of {len(told['checklist'])} checked" in seen.html
    links_shown(seen, document_answer(Document.objects.get(pk=key)).sessions, Facts([], []))
    seen.done()


def plan_folders() -> None:
    """Progress of each project's tasks."""
    seen = Seen("/plans")
    told: dict[str, Rows] = {}
    for each in items("tasks"):
        told.setdefault(each["project"]["name"], []).append(each)
    for name, mine in told.items():
        seen.same((name,), *of_tasks(mine))
        listed = sum(each["kind"] == "checklist" for each in mine)
        assert not listed or f"{listed} of its tasks are check-list items" in seen.html
    seen.done()


# Over time.


def velocity(asked: dict[str, str]) -> None:
    seen = Seen("/features/velocity", **dashboard(asked))
    kpis = api("analytics/overview", **asked)["kpis"]
    said = re.search(r"Cost and completed tasks per (\w+)", seen.html)
    assert said
    seen.same((said[0], "Cost"), kpis["sessionCost"])
    seen.same((said[0], "Tasks completed"), kpis["taskVelocity"])
    seen.same((said[0], "Cost per task"), kpis["costPerCompletedTask"])
    columns = {"Cost": "session_cost", "Tasks completed": "task_velocity"}
    period = {"day": "daily", "week": "weekly", "month": "monthly"}[said[1]]
    course(seen, "Cost and completed tasks, as a table", columns, asked, period)
    complete = items("tasks", status="done") + items("tasks", status="deferred")
    undated = sum(each["completedAt"] is None for each in complete)
    if undated:
        seen.same((said[0],), undated)
    seen.done()


def flow_page() -> None:
    seen = Seen("/features/flow")
    tasks, features = items("tasks"), items("features")
    for name, told in {"Features": features, "Tasks": tasks}.items():
        cycle_times(seen, name, [each for each in told if each["status"] == "done"])
    spent_without(seen)
    blocked = [each for each in tasks if each["status"] == "blocked"]
    stopped = [each for each in features if each["status"] == "blocked"]
    seen.says(numbered(len(blocked), "task"), numbered(len(stopped), "feature"))
    unseen = [each for each in tasks if each["status"] in COMPLETE and not linked(each)]
    seen.says(numbered(len(unseen), "task"))
    stalled = items("analytics/series", metric="stalled_tasks", period="daily", **lately())[-1]["value"]
    seen.says(numbered(stalled, "task"))
    seen.done()


def lately() -> dict[str, str]:
    today = timezone.now().date().isoformat()
    return {"start": today, "end": today}


def linked(task: dict[str, Any]) -> bool:
    """The API tells no links of tasks."""
    return ProjectTask.objects.get(pk=task["id"]).links.exists()


def cycle_times(seen: Seen, name: str, told: Rows) -> None:
    """Days from start to completion, both included, of those that tell both."""
    known = [each for each in told if each["startedAt"] and each["completedAt"]]
    days = [
        (date.fromisoformat(each["completedAt"][:10]) - date.fromisoformat(each["startedAt"][:10])).days + 1
        for each in known
    ]
    middle = median(days) if days else None
    words = None if middle is None else f"{middle:g} day" + "s" * (middle != 1)
    seen.same(("Cycle time", name, "Median"), words)
    answer = next(row for row in flow(timezone.now()).cycle_times if row.what == name)
    quartiles = "–" if answer.low is None else f"{answer.low:g} – {answer.high:g}"
    seen.same(("Cycle time", name, "Middle half"), quartiles)
    seen.row("Cycle time", name, {"Known": len(days), "Not told": len(told) - len(days)})


def spent_without(seen: Seen) -> None:
    heading, every = "Spent without a task", items("responses")
    whole = exact(every, "cost")
    parts: dict[str, Callable[[dict[str, Any]], bool]] = {
        "With no task, planned or not": lambda each: each["taskId"] is None,
        "Of that, with no feature either": lambda each: each["featureKey"] is None and each["taskId"] is None,
        "All work": lambda each: True,
    }
    for name, is_part in parts.items():
        row = work(list(filter(is_part, every)), whole)
        row.pop("Sessions")
        seen.row(heading, name, row)
