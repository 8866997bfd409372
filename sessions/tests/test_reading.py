"""Files that are appended, torn, rewritten, moved, deleted or hostile: nothing is lost, nothing is doubled."""

import builtins
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from sessions.archive import original_lines
from sessions.models import (
    AgentSession,
    ArchiveSegment,
    ModelResponse,
    QuarantinedLine,
    SessionEvent,
    SourceFile,
    ToolCall,
    TranscriptEntry,
)
from sessions.parsers import lines as line_splitting
from sessions.tests import samples as s
from telemetry_site.pipeline import SyncReport, rebuild_all, sync
from telemetry_site.tests.length import times
from telemetry_site.verification import database_digest, verify

pytestmark = pytest.mark.django_db

NOW = timezone.now() + timedelta(seconds=30)
LATER = NOW + timedelta(hours=1)
PATH = s.main_path("a")
ONE, TWO, THREE = (s.line(s.reply(name, n * 10.0)) for n, name in enumerate(("one", "two", "three")))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "projects").mkdir()
    yield tmp_path
    assert verify() == []


def read(root: Path, now: datetime = NOW) -> SyncReport:
    return sync([root], now=now)


def transcript(root: Path, relative: str = PATH) -> Path:
    return root / "projects" / relative


def ids() -> set[str]:
    return {m.removeprefix("msg_") for m in ModelResponse.objects.values_list("message_id", flat=True)}


def reasons() -> list[str]:
    return list(QuarantinedLine.objects.order_by("offset").values_list("reason", flat=True))


def standing() -> set[str]:
    """Message ids of lines that still stand in their files."""
    entries = TranscriptEntry.objects.filter(superseded=False).order_by("id")
    return {raw.split(b'"msg_')[1].split(b'"')[0].decode() for _, raw in original_lines(entries)}


# Half-written last lines


FIVE = s.lines(
    [
        s.prompt("p", 0, text="Grüße \U0001f600 \u2028 an alle"),
        s.reply("one", 1, blocks=[s.call("toolu_1")]),
        s.answer("r", 2, "toolu_1"),
        s.reply("two", 3),
        {"type": "custom-title", "customTitle": "Grüße", "sessionId": s.uid("a")},
    ]
)


STEP_OF_CUTS = times(97, long=13, postgres=397)


def test_every_cut_of_a_file_heals(root: Path) -> None:
    """At each byte the file may end when it is read: no error, nothing early, and in the end all the same."""
    s.write(root, {PATH: FIVE})
    read(root)
    whole = database_digest()
    ends = [at for at, byte in enumerate(FIVE) if byte == 10]
    for cut in sorted({*range(1, len(FIVE), STEP_OF_CUTS), *(e + d for e in ends for d in (-1, 0, 1))}):
        other = s.main_path("a", f"-cut-{cut}")  # the same lines again: all of them are duplicates
        s.write(root, {other: FIVE[:cut]})
        report = read(root)
        assert report.problems == []
        complete = sum(end < cut for end in ends)
        source = SourceFile.objects.get(relative_path=other)
        assert source.line_count == complete
        assert source.lines_quarantined == 0
        transcript(root, other).write_bytes(FIVE)
        read(root)
        assert SourceFile.objects.get(relative_path=other).lines_duplicate == 5
    assert ModelResponse.objects.count() == 2
    assert ToolCall.objects.get().outcome == "ok"
    assert whole


@pytest.mark.parametrize("cut", [1, 20, len(ONE) - 2])
def test_an_incomplete_line_waits(root: Path, cut: int) -> None:
    s.write(root, {PATH: ONE + TWO[:cut]})
    report = read(root)
    assert (report.lines["stored"], report.lines["pending"], report.lines["quarantined"]) == (1, 1, 0)
    assert ids() == {"one"}
    s.append(root, PATH, TWO[cut:])
    read(root)
    assert ids() == {"one", "two"}
    assert SourceFile.objects.get().pending_bytes == 0


def test_a_whole_record_counts_before_its_newline(root: Path) -> None:
    s.write(root, {PATH: ONE + TWO[:-1]})
    read(root)
    assert ids() == {"one", "two"}
    assert SourceFile.objects.get().committed_offset == len(ONE)
    s.append(root, PATH, b"\n" + THREE)
    report = read(root)
    assert report.lines["seen"] == 1
    assert ids() == {"one", "two", "three"}
    assert not TranscriptEntry.objects.filter(provisional=True).exists()


def test_a_record_that_grows_into_a_broken_line_is_taken_back(root: Path) -> None:
    s.write(root, {PATH: ONE + TWO[:-1]})
    read(root)
    os.utime(transcript(root))
    read(root)  # a touch in between must not make the last line look final
    s.append(root, PATH, b"}{\n")
    read(root)
    assert ids() == {"one"}
    assert reasons() == ["several_values"] or reasons() == ["malformed_json"]
    assert TranscriptEntry.objects.count() == 1


def test_an_old_half_line_is_torn_and_heals_when_it_grows(root: Path) -> None:
    s.write(root, {PATH: ONE + TWO[:40]})
    read(root)
    read(root, LATER)
    assert reasons() == ["torn"]
    assert SourceFile.objects.get().pending_bytes == 0
    s.append(root, PATH, TWO[40:])
    read(root, LATER)
    assert reasons() == []
    assert ids() == {"one", "two"}


# Files that change otherwise


def test_same_size_and_time_rewrite_is_noticed(root: Path) -> None:
    """Same inode, size and modification time: only the change time tells."""
    s.write(root, {PATH: ONE + TWO})
    read(root)
    path = transcript(root)
    stat = path.stat()
    with path.open("r+b") as stream:
        stream.write(ONE.replace(b"msg_one", b"msg_uno").replace(b"req_one", b"req_uno"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    read(root)
    assert ids() == {"one", "uno", "two"}
    assert standing() == {"uno", "two"}
    assert SourceFile.objects.get().generation == 2


def test_changed_beginning_of_a_grown_file_is_noticed(root: Path) -> None:
    s.write(root, {PATH: ONE + TWO})
    read(root)
    s.write(root, {PATH: THREE + TWO + ONE.replace(b"one", b"six")})
    read(root)
    assert standing() == {"three", "two", "six"}
    assert ids() == {"one", "two", "three", "six"}


def test_a_truncated_file_loses_nothing(root: Path) -> None:
    s.write(root, {PATH: ONE + TWO + THREE})
    read(root)
    s.write(root, {PATH: ONE})
    read(root)
    assert ids() == {"one", "two", "three"}
    assert standing() == {"one"}
    source = SourceFile.objects.get()
    assert (source.generation, source.lines_seen, source.lines_duplicate) == (2, 4, 1)


def test_two_generations_are_rebuilt_as_they_were_read(root: Path) -> None:
    s.write(root, {PATH: ONE + TWO})
    read(root)
    s.write(root, {PATH: TWO + THREE[:-1]})
    read(root)
    before = database_digest()
    rebuild_all()
    assert database_digest() == before
    assert standing() == {"two", "three"}
    s.append(root, PATH, b"\n" + ONE.replace(b"one", b"six"))
    read(root)
    assert standing() == {"two", "three", "six"}


def test_a_vanished_source_leaves_only_a_mark(root: Path) -> None:
    """The agent deletes transcripts after thirty days: what was read once stays."""
    s.write(root, {PATH: FIVE, s.agent_path("x1"): s.line(s.side(s.reply("agent", 2), "x1"))})
    read(root)
    before = database_digest()
    content = transcript(root).read_bytes()
    transcript(root).unlink()
    transcript(root, s.agent_path("x1")).unlink()
    for _ in range(3):
        assert read(root).files["missing"] == 2
    assert database_digest() == before
    assert AgentSession.objects.filter(source_missing=True).count() == 2
    assert SourceFile.objects.filter(missing_since=NOW).count() == 2
    s.write(root, {PATH: content})
    read(root)
    assert AgentSession.objects.get(agent_id="").source_missing is False
    assert database_digest() == before


def test_a_moved_file_is_the_same_source(root: Path) -> None:
    s.write(root, {PATH: ONE})
    read(root)
    elsewhere = transcript(root, s.main_path("a", "-elsewhere"))
    elsewhere.parent.mkdir()
    transcript(root).rename(elsewhere)
    s.append(root, s.main_path("a", "-elsewhere"), TWO)
    report = read(root)
    source = SourceFile.objects.get()
    assert report.lines["seen"] == 1
    assert (source.path, source.generation) == (str(elsewhere), 1)
    assert source.previous_paths == [str(transcript(root))]


def test_another_file_in_a_deleted_ones_inode_is_another_source(root: Path) -> None:
    s.write(root, {PATH: ONE})
    read(root)
    other = s.main_path("b")
    transcript(root).rename(transcript(root, other))  # keeps the inode, as a file system may for a new file
    transcript(root, other).write_bytes(s.lines([s.reply("six", 5, "b"), s.reply("seven", 6, "b")]))
    read(root)
    assert standing() == {"one", "six", "seven"}
    assert SourceFile.objects.get(relative_path=PATH).missing_since == NOW
    assert SourceFile.objects.count() == 2


# Hostile content


HOSTILE = {
    "not_an_object": [b"[]", b"null", b"7", b'"text"', b"true"],
    "malformed_json": [b"{", b"}{", b"nonsense", b'{"a":}', b'{"n":' + b"9" * 5000 + b"}", b"{'a': 1}"],
    "several_values": [b'{"a":1}{"b":2}'],
    "too_deep": [b'{"a":' * 200_000 + b"1" + b"}" * 200_000, b"[" * 200_000],
}


@pytest.mark.parametrize(("reason", "bad"), [(r, line) for r, several in HOSTILE.items() for line in several])
def test_a_bad_line_costs_no_other_line(root: Path, reason: str, bad: bytes) -> None:
    s.write(root, {PATH: ONE + bad + b"\n" + TWO})
    report = read(root)
    assert report.problems == []
    assert ids() == {"one", "two"}
    line = QuarantinedLine.objects.get()
    assert (line.reason, line.offset, line.line_no) == (reason, len(ONE), 2)
    assert line.detail
    assert report.lines == {
        "seen": 3,
        "stored": 2,
        "duplicate": 0,
        "quarantined": 1,
        "blank": 0,
        "pending": 0,
    }


ODD_TEXTS = {
    "U+2028 and U+0085": ("a\u2028b\u0085c".encode(), "a\u2028b\u0085c"),
    "lone surrogate": (b"a\\ud800b", "a\ufffdb"),
    "escaped NUL": (b"a\\u0000b", "a\ufffdb"),
    "bad UTF-8": (b"a\xff\xfeb", "a\ufffd\ufffdb"),
    "escaped pair": (b"\\ud83d\\ude00", "\U0001f600"),
}


@pytest.mark.parametrize(("raw", "kept"), ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_odd_text_is_kept(root: Path, raw: bytes, kept: str) -> None:
    s.write(root, {PATH: s.line(s.prompt("p", 0, text="MARK")).replace(b"MARK", raw)})
    assert read(root).lines["stored"] == 1
    assert SessionEvent.objects.get(kind="prompt").text == kept


@pytest.mark.parametrize(
    "number", [b"9" * 30, b"-5", b"1e999", b"NaN", b"Infinity", b"1e400", b'"12"', b"true", b"[1]"]
)
def test_odd_numbers_never_become_tokens(root: Path, number: bytes) -> None:
    s.write(root, {PATH: s.line(s.reply("one", 0, output=4242)).replace(b"4242", number) + TWO})
    assert read(root).lines["stored"] == 2
    assert ModelResponse.objects.get(message_id="msg_one").output_tokens in (0, 2_000_000)
    assert ids() == {"one", "two"}


def test_marks_padding_and_line_ends(root: Path) -> None:
    content = (
        b"\xef\xbb\xbf"
        + ONE.replace(b"\n", b"\r\n")
        + b"\n  \r\n"
        + TWO[:-1]
        + b"\x00" * 64
        + b"\n"
        + b"\x00" * 32
    )
    s.write(root, {PATH: content})
    report = read(root)
    assert ids() == {"one", "two"}
    assert (report.lines["stored"], report.lines["blank"], report.lines["pending"]) == (2, 2, 0)


def test_a_line_too_long_is_kept_as_digest(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_splitting, "MAX_LINE_BYTES", 2000)
    monkeypatch.setattr(line_splitting, "BLOCK_BYTES", 512)
    long = s.line(s.prompt("long", 5, text="x" * 5000))
    s.write(root, {PATH: ONE + long + TWO})
    read(root)
    assert ids() == {"one", "two"}
    assert reasons() == ["too_long"]
    before = database_digest()
    rebuild_all()
    assert database_digest() == before
    assert ArchiveSegment.objects.get(abridged=True).length == len(long)


@pytest.mark.parametrize(
    "field", ["sessionId", "agentId", "uuid", "type", "gitBranch", "cwd", "version", "requestId"]
)
def test_very_long_values_fit(root: Path, field: str) -> None:
    for name in ("one", "two"):
        odd = s.reply(name, 1, isSidechain=field == "agentId") | {field: "x" * 500 + name}
        s.append(root, PATH, s.line(odd))
    assert read(root).lines["stored"] == 2
    assert SourceFile.objects.get().lines_stored == 2


@pytest.mark.parametrize("field", ["id", "model", "stop_reason"])
def test_very_long_values_in_messages_fit(root: Path, field: str) -> None:
    odd = s.reply("one", 1, tokens=s.usage(speed="fast", service_tier="t" * 300, inference_geo="g" * 300))
    odd["message"][field] = "x" * 500
    s.write(root, {PATH: s.line(odd)})
    assert read(root).lines["stored"] == 1
    assert ModelResponse.objects.get().output_tokens == 10


# Odd things in the folder


def test_things_that_are_no_files_are_told_and_left_out(root: Path) -> None:
    folder = root / "projects" / s.FOLDER
    s.write(root, {PATH: ONE, f"{s.FOLDER}/dir.jsonl/{s.uid('b')}.jsonl": TWO})
    os.mkfifo(folder / "fifo.jsonl")
    (folder / "loop").symlink_to(folder)
    (folder / "self.jsonl").symlink_to(folder / "self.jsonl")
    listener = socket.socket(socket.AF_UNIX)
    os.chdir(folder)
    listener.bind("socket.jsonl")
    report = read(root)
    listener.close()
    assert ids() == {"one", "two"}
    assert report.files["seen"] == 2
    assert len(report.problems) == 3
    assert report.files["failed"] == 3


def test_empty_files_and_names_that_are_not_utf_8(root: Path) -> None:
    folder = os.fsencode(root / "projects" / s.FOLDER)
    os.makedirs(folder)
    Path(os.fsdecode(folder + b"/\xff.jsonl")).write_bytes(ONE)
    s.write(root, {f"{s.FOLDER}/empty.jsonl": b"", f"{s.FOLDER}/{'n' * 240}.jsonl": TWO})
    assert read(root).problems == []
    assert ids() == {"one", "two"}


def test_an_unreadable_file_is_told_and_tried_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s.write(root, {PATH: ONE, s.main_path("b"): TWO})
    real_open = builtins.open

    def refusing(file: Any, *args: Any, **kwargs: Any) -> Any:
        """What the system does to everyone but root."""
        if str(file) == str(transcript(root)):
            raise PermissionError(13, "Permission denied")
        return real_open(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", refusing)
    report = read(root)
    assert report.files["failed"] == 1
    assert "Permission denied" in report.problems[0]
    assert ids() == {"two"}
    monkeypatch.undo()
    assert read(root).problems == []
    assert ids() == {"one", "two"}


def test_a_read_error_keeps_what_was_read_and_is_tried_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s.write(root, {PATH: ONE + TWO, s.main_path("b"): THREE})
    real = line_splitting.read_chunks

    def failing(stream: object, offset: int, limit: int) -> Iterator[object]:
        if limit == len(ONE + TWO):
            raise OSError(5, "Input/output error")
        yield from real(stream, offset, limit)  # type: ignore[arg-type]

    monkeypatch.setattr("sessions.reading.read_chunks", failing)
    report = read(root)
    assert report.files["failed"] == 1
    assert "Input/output error" in report.problems[0]
    assert SourceFile.objects.get(relative_path=PATH).error == "Input/output error"
    assert ids() == {"three"}
    monkeypatch.undo()
    assert read(root).problems == []
    assert ids() == {"one", "two", "three"}
