"""What the API says about reading, searching, files and settings."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from django.db import connection

from sessions.models import QuarantinedLine
from tasks.models import Link, PlanRoot
from telemetry_site.models import ApiToken, AuditEntry
from telemetry_site.tests.compared import (
    CLASSES,
    Near,
    Seen,
    Wanted,
    agree,
    api,
    cost,
    exact,
    items,
    numbered,
    percent,
)


def quality() -> None:
    seen = Seen("/quality")
    told = api("ingest/status")
    names = ("seen", "stored", "duplicate", "quarantined", "blank")
    seen.same(
        ("Lines seen = stored + duplicate + quarantined + blank",), *(told["equation"][n] for n in names)
    )
    seen.says(numbered(told["sources"]["total"], "file"))
    if told["equation"]["quarantined"]:
        seen.says(numbered(told["equation"]["quarantined"], "line"))
    responses = items("responses")
    lower_bounds(seen, responses)
    for model, parts in unpriced(responses).items():
        tokens = exact(parts, *CLASSES.values())
        seen.row("Models without a price", model, {"Responses": len(parts), "Tokens": tokens})
    # The API counts what is quarantined and lists no line of it.
    lines = Counter((line.line_no, line.offset) for line in QuarantinedLine.objects.all())
    for name in seen.rows("Quarantined lines"):
        places = zip(
            *(seen.take("Quarantined lines", name, column) for column in ("Line", "Offset")), strict=True
        )
        assert Counter((int(a.text), int(b.text)) for a, b in places) <= lines
    runs(seen)
    seen.done()


def unpriced(responses: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for each in responses:
        if each["cost"] is None and any(each[name] for name in CLASSES.values()):
            found.setdefault(each["model"], []).append(each)
    return found


def lower_bounds(seen: Seen, responses: list[dict[str, Any]]) -> None:
    heading = "Lower bounds"
    lower = [each for each in responses if each["partialOutput"]]
    seen.same((heading,), len(responses))
    for name in seen.rows(heading):
        of = {"No": lower, "Told": [e for e in responses if e["fromProgress"]], "All": responses}[
            name.split()[0]
        ]
        tokens = exact(of, "outputTokens")
        shares = of is lower
        whole = exact(responses, "outputTokens")
        seen.same(
            (heading, name, "Responses"), len(of), *([percent(len(of), len(responses))] if shares else [])
        )
        seen.same((heading, name, "Output tokens"), tokens, *([percent(tokens, whole)] if shares else []))


def runs(seen: Seen) -> None:
    """Of the last readings. The API tells the last one; together they read every line there is."""
    told = api("ingest/status")
    shown = [each for row in seen.rows("Last runs") for each in seen.take("Last runs", row, "Lines")]
    assert int(shown[0].text.replace("\u202f", "")) == told["report"]["lines"]["seen"]
    assert sum(each.value or 0 for each in shown) == told["equation"]["seen"]
    # Transcripts and their sidecars: every source that is no document.
    files = [each.value for row in seen.rows("Last runs") for each in seen.take("Last runs", row, "Files")]
    assert files[-1] == told["sources"]["total"] - told["report"]["documents"]["seen"]


def progress_page() -> None:
    seen = Seen("/progress")
    runs(seen)
    seen.done()


def search(words: str) -> None:
    """How many there are, of which kinds."""
    seen = Seen("/search", q=words)
    told = api("search", q=words)
    if told["total"]:
        seen.same(("Results",), told["total"])
        seen.says(numbered(told["total"], "result"))
    kinds = Counter(told["kinds"].values())
    shown = Counter(int(each.text.replace("\u202f", "")) for each in seen.take("Only one kind"))
    assert shown == kinds, (words, shown, kinds)
    seen.done()


def file_history(path: str) -> None:
    """Counted are the calls that name the path."""
    seen = Seen("/files", path=path)
    calls = [each for each in items("tool-calls") if each["filePath"] == path]
    sessions = {each["sessionId"] for each in calls}
    touched(seen, (path,), calls)
    seen.same((path, "Sessions"), len(sessions))
    seen.says(numbered(len(sessions), "session"))
    for name in seen.rows("Sessions"):
        mine = [each for each in calls if each["sessionId"] == name]
        touched(seen, ("Sessions", name), mine)
        # The API tells its links with features, not with phases and tasks.
        linked = Link.objects.filter(session__public_id=name, is_primary=True)
        for each in seen.take("Sessions", name, "Mainly served"):
            assert any(agree(each, Near(100 * link.confidence)) for link in linked), (name, each)
    seen.done()


def touched(seen: Seen, place: tuple[str, ...], calls: list[dict[str, Any]]) -> None:
    """Reads and changes are those that succeeded, whatever they did; all else failed."""
    ok = [each for each in calls if each["outcome"] == "ok"]
    changes = [each for each in ok if each["fileAction"] not in (None, "read")]
    wanted: dict[str, Wanted] = {
        "Calls": len(calls),
        "Reads": sum(each["fileAction"] == "read" for each in ok),
        "Changes": len(changes),
    }
    for label, value in wanted.items():
        if (*place, label) in seen.left:
            seen.same((*place, label), value)
    failed = len(calls) - len(ok)
    seen.same((*place, "Failed"), f"{failed} failed" if failed and place[0] == "Sessions" else failed)
    told = [each for each in changes if each["additions"] is not None]
    if not told and (*place, "Lines") in seen.left:
        seen.same((*place, "Lines"), None)
    elif told:
        added = f"+{exact(told, 'additions')}", f"−{exact(told, 'deletions')}"
        assert "".join(added) in re.sub(r"<[^>]+>", "", seen.html), (seen.address, place, added)
        seen.take(*place, "Lines")


def live(told: list[dict[str, Any]]) -> None:
    """What has work under way."""
    seen = Seen("/live")
    if told:
        seen.says(numbered(len(told), "session"))
    for each in told:
        row = {
            "Cost": cost(each["totalCost"], each["responseCount"]),
            "Tokens": each["inputTokens"] + each["outputTokens"],
            "Calls": each["toolCallCount"],
        }
        seen.row("Live now", each["id"], row)
    seen.done()


def settings_page() -> None:
    """Tasks and plan folders of each project; what else is counted has no API but this machine's own."""
    sizes = [database_size()]
    seen = Seen("/settings")
    sizes.append(database_size())
    tasks = Counter(each["project"]["name"] for each in items("tasks"))
    roots = Counter(PlanRoot.objects.values_list("project__name", flat=True))
    for name, count in tasks.items():
        seen.same(("Projects", name, "Plans"), count)
        seen.says(numbered(roots[name], "folder"))
    # How large the database is may change by being asked.
    shown = [each.value for each in seen.take("Keeping")]
    assert shown in [[] if size is None else [size] for size in sizes], (shown, sizes)
    usable = ApiToken.objects.filter(revoked_at=None).count()
    seen.says(f"{usable} usable")
    seen.says(numbered(len(api("analytics/alerts")), "rule"))
    seen.says(numbered(len(api("analytics/channels")), "channel"))
    seen.done()


def database_size() -> int | None:
    """In bytes; None where it is no file."""
    file = Path(str(connection.settings_dict["NAME"]))
    return file.stat().st_size if connection.vendor == "sqlite" and file.is_file() else None


def folder_check() -> None:
    """Of this machine: what is in the folders that it looks into."""
    seen = Seen("/settings/folders")
    folders = [Path(each) for each in re.findall(r"<code>(/[^<]+)</code>", seen.html)]
    found = [sum(1 for _ in each.rglob("*.jsonl")) for each in folders if each.exists()]
    seen.same(("Folders of transcripts",), *found)
    seen.done()


def audit_log() -> None:
    """What is recorded is told by no API: the rows themselves."""
    seen = Seen("/audit")
    seen.says(f"{AuditEntry.objects.count()} entries")
    seen.done()


def secrets() -> None:
    seen = Seen("/quality/secrets")
    told = items("secrets")
    if told:
        seen.says(numbered(len(told), "secret"))
    seen.done()
