"""Everything that reads or renders texts of strangers, as functions of one text: for fuzzing and for hostile texts."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath

from sessions.cards.ansi import runs
from sessions.cards.differences import replacement_lines
from sessions.cards.tool_cards import Called, tool_parts
from sessions.markdown import render
from sessions.parsers.decoding import NotARecord, decode
from sessions.parsers.display import BLOCK_CHARS, cut
from sessions.parsers.formats.claude_blocks import blocks_of
from sessions.parsers.formats.claude_code import LineReader, identify
from sessions.parsers.formats.claude_tags import ARGUMENT_CHARS
from sessions.parsers.secrets.masking import masked, masked_line
from sessions.parsers.words import folded
from sessions.search.query import BadQuery, parsed
from sessions.search.snippets import snippet
from sessions.tests import samples
from sessions.tests.fake_secrets import fake, private_key
from tasks.matching.evidence import gather_evidence
from tasks.matching.plans import PlanIndex
from tasks.matching.signals import Call, Command, Said, SessionSignals
from tasks.parsers.documents import PlanFile
from tasks.parsers.front_matter import read_front_matter
from tasks.parsers.layouts.registry import layouts_of

type Target = Callable[[str], object]

_TOOLS = ("Bash", "Edit", "Write", "Read", "Grep", "TodoWrite", "WebFetch", "Task", "mcp__x__y")
_PLANS = (".planning/phases/1-a/1-01-PLAN.md", "docs/project_plans/PRDs/a.md", "docs/plans/a-plan.md")
_QUERY = parsed('a "a b" abc*')
_EPICS = "_bmad-output/planning-artifacts/epics.md"


def line(text: str) -> object:
    """A line of a transcript: the text itself."""
    raw = text.encode("utf-8", "surrogatepass")
    reader = LineReader(identify(PurePath("-x/a.jsonl")), "a")
    return [reader.read(0, 1, part) for part in raw.split(b"\n")]


def prompt(text: str) -> object:
    """A prompt with the text, read and taken apart for the page."""
    record = {"type": "user", "uuid": "u", "sessionId": "a", "message": {"role": "user", "content": text}}
    return _read_and_shown(record)


def result(text: str) -> object:
    """A tool's answer with the text, read and taken apart for the page."""
    block = {"type": "tool_result", "tool_use_id": "t", "content": text, "is_error": True}
    message = {"role": "user", "content": [block]}
    record = {"type": "user", "uuid": "u", "sessionId": "a", "message": message, "toolUseResult": text}
    return _read_and_shown(record)


def notice(text: str) -> object:
    """What the agent noted in its queue, of a command and of a task, with the text in it."""
    queued = {"type": "queue-operation", "operation": "enqueue", "content": f"<task-notification>{text}"}
    typed = {"type": "system", "subtype": "local_command", "content": text}
    return [_read_and_shown(record) for record in (queued, typed)]


def _read_and_shown(record: Mapping[str, object]) -> object:
    raw = json.dumps(record).encode()
    LineReader(identify(PurePath("-x/a.jsonl")), "a").read(0, 1, raw)
    try:
        read, _ = decode(masked_line(raw))
    except NotARecord:
        return []
    return blocks_of(read)


def cards(text: str) -> object:
    """The card of each tool, with the text in what was asked and in what came back."""
    given = dict.fromkeys(("command", "file_path", "content", "old_string", "prompt", "pattern", "url"), text)
    changed = {**given, "new_string": text[::-1], "todos": [{"content": text, "status": text}]}
    detail = {"structuredPatch": [{"oldStart": 1, "newStart": 1, "lines": text.split("\n")}], "stdout": text}
    return [
        tool_parts(Called(tool, dict(changed), text, detail, succeeded=True, most_chars=BLOCK_CHARS))
        for tool in _TOOLS
    ]


def difference(text: str) -> object:
    """A replacement of the text by itself with every second line changed."""
    lines = text.split("\n")
    return list(replacement_lines(text, "\n".join(f"{a}!" if n % 2 else a for n, a in enumerate(lines))))


def plan(text: str) -> object:
    """A plan of each layout."""
    layouts = layouts_of([*_PLANS, _EPICS])
    return [layouts[path].parse(PlanFile(path, text.encode("utf-8", "surrogatepass"))) for path in layouts]


def front_matter(text: str) -> object:
    return read_front_matter(f"---\n{text}\n---\n")


def matching(text: str) -> object:
    """What a session says, and the arguments of a command, beside a project's plans: as much as facts keep of each."""
    text = text[:ARGUMENT_CHARS]
    said = SessionSignals(
        title=text,
        prompts=(Said(text, 0, 1),),
        commands=(Command("/execute-phase", text, 0, 2),),
        calls=(Call(1, 0, shell=text), Call(2, 0, path=text, action="update")),
        branches=((text, 0),),
    )
    return gather_evidence(said, PlanIndex())


def query(text: str) -> object:
    try:
        return parsed(text)
    except BadQuery:
        return None


def found(text: str) -> object:
    """The part of the text that shows where a search found it."""
    return snippet(text, _QUERY)


TARGETS: dict[str, Target] = {
    "line parser": line,
    "prompt": prompt,
    "tool result": result,
    "notice": notice,
    "tool cards": cards,
    "ANSI": runs,
    "display": cut,
    "differences": difference,
    "Markdown": render,
    "front matter": front_matter,
    "plan": plan,
    "matching": matching,
    "search query": query,
    "search snippet": found,
    "words": folded,
    "secrets in text": masked,
    "secrets in a line": lambda text: masked_line(text.encode("utf-8", "surrogatepass")),
}

# What each of them stumbles over, to be repeated: beginnings without ends, nesting, marks of their languages.
PIECES = (
    *("a", " ", "\n", "\t", "\x00", "\u202e", "\ud800", "é", "漢", "\u0300", "à́", "0", "1.", "1,", "-"),
    *("/", "![", "> ", "* ", "[a](", "**a", "|a", "`", "<a ", "<!--", "&a", "\\", "_a_", "~~", "[a]: <"),
    *("- ", "1. ", "# ", "***a", "a|b\n-|-\n", "|-", "[[", "](", "[a][b]", "<http://a", "*a **b"),
    *("\n\n    a", "\n> - ", "```\n", "$", "*_", "[^a]", "\x1b", "\x1b[", "\x1b[1m", "\x1b[0;1;31m"),
    *("\x1b[38;2;1;2;3m", "\x1b]8;;", "\r", "\x08", "a\r", "\x1b[K", "\x1b[1", "a: ", "a: [", "a: {"),
    *("- - ", "&a *a ", "? ", "'", '"', "a: |\n ", "#", " #", "!!", "a: &b\n", "\n---\n", "id: 1\n- "),
    *("- [ ] a\n", "  - [x] ", "# a ", "# Epic 1: ", "Status: ", "<objective>", "phase 1 ", "phase "),
    *("1 & ", "a/", "../", "@", "<command-name>", "<command-args>", "<system-reminder>", "<ide_a>"),
    *("<summary>", "<bash-stdout>", "<task-id>", "<command-name> </command-name>", "</summary>"),
    *("PreToolUse:", "hook ", "[a 1234567] ", "agentId: ", "Exit code 1\n", '{"a":', "[", "\\u00"),
    *('{"type":"user","message":', "9", "1e9", '"a":"\\', "-----BEGIN RSA PRIVATE KEY-----", "sk-"),
    *("eyJ", "://a:", "password=", "password: '", "Bearer ", "AKIA", "key-", "+", "@@ -1 +1 @@\n"),
    *("+a\n-a\n", "- a\n", "➜"),
)


def hostile_texts(length: int) -> Iterator[tuple[str, str]]:
    """(what it is made of, a text of this length): each piece again and again, alone, in lines, and in pairs."""
    for piece in PIECES:
        yield piece, (piece * (length // len(piece) + 1))[:length]
        if "\n" not in piece:
            yield f"{piece} in lines", (f"{piece}\n" * (length // (len(piece) + 1) + 1))[:length]
        half = (piece * (length // len(piece) + 1))[: length // 2]
        yield f"{piece} and spaces", half + " " * (length - len(half))
        yield f"{piece}, then spaces and an end", (piece + " " * length)[: length - 1] + "x"


def plain_texts() -> list[str]:
    """What people and agents write, one of each kind: what a fuzzer begins with."""
    record = samples.line(samples.prompt("p1", 1), b"").decode()
    reply = samples.line(samples.reply("r1", 2), b"").decode()
    return [
        record,
        reply,
        "# Title\n\n- *one* `two`\n- [x](https://example.org)\n\n|a|b|\n|-|-|\n|1|2|\n\n```py\nx = 1\n```\n> said\n",
        "title: A\nstatus: done (yes)\ntasks:\n  - id: T1\n    status: open\n    effort: 3 points\n  - {id: T2}\n",
        "---\ntitle: A\nstatus: draft\n---\n# A\n\nStatus: done\n\n- [ ] one\n- [x] two\n"
        "<objective>\nDo it\n</objective>\n",
        "# Epic 1: Pay\n\n## Story 1.1: Refund\n\nphases 1-3, phase 2.1 and docs/plans/a-plan.md\n",
        "\x1b[1;31mred\x1b[0m\rblue\x08\x1b[K\n\x1b]8;;https://example.org\x07link\x1b]8;;\x07\n",
        "<command-name>/plan</command-name><command-args>phase 1-2 @docs/a.md</command-args>",
        "<task-notification><task-id>a</task-id><status>done</status><summary>It ran</summary></task-notification>",
        "<bash-stdout>a</bash-stdout><local-command-stderr>b</local-command-stderr><system-reminder>c</system-reminder>",
        "Exit code 1\nTraceback: timed out\n[main 1a2b3c4] subject\nagentId: abc123\n",
        f"export KEY={fake('github_token')}\nDB_PASSWORD=Zk3vQ9x!7Lm2\n{private_key()}\n",
        'word "a phrase" begin* -without -"not this" 漢字 naïve\n',
    ]
