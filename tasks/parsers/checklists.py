"""Check-list items of a document's text."""

import re

from tasks.parsers.records import ChecklistEntry

MAX_ITEMS = 5000
_ITEM = re.compile(r"^([ \t]*)(?:[-*+]|\d+[.)]) \[([ xX])\](?:[ \t]+(.*))?$")
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*)$")
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)")


def read_checklist(body: str, first_line: int = 1) -> tuple[ChecklistEntry, ...]:
    """Every `- [ ]` and `- [x]` line with the heading it stands under; examples in code blocks are not items."""
    found: list[ChecklistEntry] = []
    heading, fence = "", ""
    indents: list[int] = []
    for number, line in enumerate(body.split("\n"), first_line):
        if mark := _FENCE.match(line):
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
            continue
        if fence:
            continue
        if title := _HEADING.match(line):
            heading, indents = title[1].rstrip(" \t#")[:300], []
        elif (item := _ITEM.match(line)) and len(found) < MAX_ITEMS:
            width = len(item[1].expandtabs(4))
            indents = [*(i for i in indents if i < width), width]
            text = (item[3] or "").strip()[:1000]
            found.append(ChecklistEntry(number, text, item[2] != " ", heading, len(indents) - 1))
    return tuple(found)
