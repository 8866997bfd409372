"""A session as one Markdown file: figures as front matter, and every text of the transcript in a fence.

What models and tools wrote is Markdown, too, and could be HTML or a picture that tells somebody it was read. In a
fence it is text for every reader of Markdown, and still the text that it was.
"""

import re
from collections.abc import Generator
from typing import Any

import yaml

from sessions.api_fields import iso
from sessions.exporting.documents import Section, SessionDocument, pages_of
from sessions.exporting.sessions import exact_cost
from sessions.exporting.snapshot import snapshot
from sessions.exporting.writing import money_text
from sessions.selectors import CallPart, ResponseFigures, ShownText, Totals, TranscriptItem

MEDIA_TYPE = "text/markdown; charset=utf-8"
_TICKS = re.compile("`+")
# What could begin markup inside of a line, a link that a reader makes by himself included.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#!|~&@$]|:(?=/))")


def as_markdown(document: SessionDocument) -> Generator[str]:
    """The file, piece by piece."""
    with snapshot():
        yield _begin(document)
        for section in document.sections:
            yield _section_head(section)
            for items in pages_of(section.session, document.projects):
                yield "".join(_item(item) for item in items)


def _begin(document: SessionDocument) -> str:
    front = yaml.safe_dump(_figures(document), sort_keys=False, allow_unicode=False, width=1000)
    notes = [
        f"No price is known for {inline(model)}: {tokens} tokens are in no cost.\n\n"
        for model, tokens in document.unpriced
    ]
    return f"---\n{front}---\n\n# {inline(str(document.session))}\n\n{''.join(notes)}{_subagents(document)}"


def _figures(document: SessionDocument) -> dict[str, Any]:
    session = document.session
    return {
        "title": str(session),
        "session": session.public_id,
        "project": session.project.name if session.project else None,
        "status": document.status,
        "started_at": iso(session.started_at),
        "ended_at": iso(session.ended_at),
        "active_seconds": session.active_seconds,
        "models": {model["name"]: model["responses"] for model in session.models_used},
        "branch": session.branch or None,
        **_totals(document.row.own),
        "subagents": document.row.subagents,
        **({"with_subagents": _totals(document.row.family)} if document.row.subagents else {}),
        "written_at": iso(document.made_at),
    }


def _totals(totals: Totals) -> dict[str, Any]:
    cost = exact_cost(totals)
    return {
        "cost_usd": None if cost is None else money_text(cost),
        "unpriced_tokens": totals.unpriced_tokens,
        "input_tokens": totals.input_tokens,
        "output_tokens": totals.output_tokens,
        "cache_creation_tokens": totals.cache_creation_tokens,
        "cache_read_tokens": totals.cache_read_tokens,
        "responses": totals.responses,
        "lower_bound_responses": totals.lower_bound_responses,
        "tool_calls": totals.tool_calls,
        "tool_errors": totals.tool_errors,
    }


def _subagents(document: SessionDocument) -> str:
    if not document.subagents:
        return ""
    lines = [f"{'  ' * (section.depth - 1)}- {_named(section)}\n" for section in document.subagents]
    return f"## Subagents\n\n{''.join(lines)}\n"


def _named(section: Section) -> str:
    cost = exact_cost(section.own)
    told = "cost unknown" if cost is None else f"{money_text(cost)} USD"
    return f"{inline(section.name)} ({told}, {code(section.session.public_id)})"


def _section_head(section: Section) -> str:
    if section.number == 0:
        return "## Transcript\n\n"
    return f"## Subagent {section.number}: {inline(section.name)}\n\n{code(section.session.public_id)}\n\n"


def _item(item: TranscriptItem) -> str:
    if item.call:
        return f"### {inline(item.call.name or 'unknown tool')} {_meta(item)}\n\n{_call(item.call)}"
    if item.kind in ("event", "divider"):
        return f"*{inline(item.label)}* {_meta(item)}\n\n{_fenced(item.text)}"
    language = "markdown" if item.kind in ("prompt", "answer", "thinking") else ""
    return f"### {inline(item.label)} {_meta(item)}\n\n{_fenced(item.text, language)}"


def _meta(item: TranscriptItem) -> str:
    at = f"{item.at:%Y-%m-%d %H:%M:%S}Z, " if item.at else ""
    used = "".join(f", {_response(response)}" for response in item.responses)
    images = f", {item.images} images not shown" if item.images else ""
    return f"({at}line {item.line_no}{used}{images})"


def _response(response: ResponseFigures) -> str:
    cost = response.cost_usd
    counted = (
        "inherited" if response.is_inherited else "unpriced" if cost is None else f"{money_text(cost)} USD"
    )
    bound = "at least " if response.is_lower_bound else ""
    tokens = f"{response.context_tokens} tokens in, {bound}{response.output_tokens} out"
    return f"{inline(response.model)}, {tokens}, {counted}"


def _call(call: CallPart) -> str:
    given = "".join(f"{code(name)}:\n\n{_fenced(value)}" for name, value in call.given)
    change = f"Change:\n\n{fence(chr(10).join(call.diff), 'diff')}" if call.diff else ""
    elapsed = "" if call.elapsed_ms is None else f" after {call.elapsed_ms} ms"
    started = f"It started the subagent {code(call.subagent)}.\n\n" if call.subagent else ""
    result = _fenced(call.result) if call.result else ""
    return f"{given}{change}{started}Result: {call.outcome}{elapsed}\n\n{result}"


def _fenced(shown: ShownText, language: str = "") -> str:
    if not shown:
        return ""
    cut = f"Cut here: the whole has {shown.chars} characters.\n\n" if shown.is_cut else ""
    return fence(shown.text, language) + cut


def fence(text: str, language: str = "") -> str:
    """The text as a block that nothing in it can end: the fence is longer than any run of backticks inside."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}\n\n"


def code(text: str) -> str:
    """A text without line breaks as code inside of a line."""
    flat = " ".join(text.split()) or " "
    ticks = "`" * (_longest_run(flat) + 1)
    return f"{ticks} {flat} {ticks}" if "`" in flat else f"{ticks}{flat}{ticks}"


def inline(text: str) -> str:
    """A text without line breaks that is nothing but text inside of a line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)
