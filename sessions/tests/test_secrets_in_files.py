"""Secrets in files that are no transcripts: each once, with its place, as their texts change and are searched again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sessions.models import ArchiveSegment, SecretFinding, SourceFile
from sessions.parsers.secrets.files import file_secrets
from sessions.parsers.secrets.finding import fingerprint
from sessions.parsers.secrets.masking import masked_bytes
from sessions.secrets.noting import mark_unsearched, search_archived, unsearched
from sessions.tests import samples as s
from sessions.tests.fake_secrets import SHAPES, fake, private_key
from sessions.tests.transcripts import found, read
from tasks.roots import add_manual_root
from telemetry_site.finding_secrets import find_secrets
from telemetry_site.pipeline import rebuild_all, sync
from telemetry_site.tests.length import times
from telemetry_site.verification import verify

ONE, OTHER = fake("npm_token"), fake("stripe_key")
SECRETS = [fake("npm_token", n) for n in range(4)]
OUTPUT = f"{s.FOLDER}/{s.uid('a')}/tool-results/env.txt"
LINES = st.lists(st.lists(st.sampled_from([None, *range(len(SECRETS))]), max_size=3), max_size=6)


def text_of(lines: list[list[int | None]]) -> str:
    """A text with such secrets in each of its lines."""
    return "".join(" ".join("words" if n is None else SECRETS[n] for n in line) + "\n" for line in lines)


def places_in(lines: list[list[int | None]]) -> dict[int, tuple[int, int]]:
    """{fingerprint: (first line, how many lines)}, counted by hand."""
    where = {n: [at for at, line in enumerate(lines, 1) if n in line] for n in range(len(SECRETS))}
    return {fingerprint(SECRETS[n].encode()): (at[0], len(at)) for n, at in where.items() if at}


@given(LINES)
def test_each_secret_is_told_once_with_its_lines(lines: list[list[int | None]]) -> None:
    told = file_secrets(text_of(lines).encode())
    assert {one.seen.fingerprint: (one.line, one.lines) for one in told} == places_in(lines)
    assert len(told) == len(places_in(lines))


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_masked_is_told_and_nothing_else(shape: str) -> None:
    text = f"first\nSecond: {fake(shape)}\n".encode()
    (told,) = file_secrets(text)
    assert (told.line, told.lines) == (2, 1)
    assert f"[{told.seen.hint}]".encode() in masked_bytes(text)
    assert fake(shape) not in repr(told)
    assert file_secrets(b"sha256: " + b"0123456789abcdef" * 4) == []


def test_a_key_of_many_lines_is_one_secret_at_its_first_line() -> None:
    (told,) = file_secrets(f"Deploy with\n{private_key()}\n".encode())
    assert (told.seen.kind, told.line, told.lines) == ("private_key", 3, 1)


def keep(root: Path, text: str, place: str = OUTPUT) -> Path:
    path = root / "projects" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def noted() -> set[tuple[object, ...]]:
    """What is noted of files, but for the ids of rows."""
    names = ("source__relative_path", "kind", "fingerprint", "generation", "line", "lines", "session_id")
    rows = SecretFinding.objects.filter(entry_id=None).values_list(*names, "first_at_ms", "at_ms", "hint")
    assert len(set(rows)) == len(rows)
    return set(rows)


@pytest.mark.django_db
def test_an_output_a_sidecar_and_a_plan_are_noted_with_whose_they_are(tmp_path: Path) -> None:
    keep(tmp_path, f"one\ntwo {ONE}\n{ONE}\n")
    sidecar = s.agent_path("worker").replace(".jsonl", ".meta.json")
    keep(tmp_path, json.dumps({"agentType": "Explore", "description": f"Take {OTHER}"}), sidecar)
    plan = tmp_path / "repo" / "docs" / "project_plans" / "PRDs" / "engine.md"
    plan.parent.mkdir(parents=True)
    plan.write_text(f"---\ntitle: Engine\n---\n# Engine\n\nKey: {ONE}\n")
    add_manual_root(str(tmp_path / "repo"), "engine")
    read(tmp_path, a=[s.prompt("p1", 1)], a__worker=[s.side(s.reply("r1", 2), "worker")])
    rows = {row.source.kind: row for row in SecretFinding.objects.select_related("source") if row.source}
    assert set(rows) == {"tool_output", "sidecar", "plan"}
    assert (rows["tool_output"].session, rows["tool_output"].line, rows["tool_output"].lines) == (
        found("a"),
        2,
        2,
    )
    assert (rows["sidecar"].session, rows["sidecar"].hint) == (
        found("a", "worker"),
        f"Stripe key …{OTHER[-4:]}",
    )
    assert (rows["plan"].session, rows["plan"].line) == (None, 6)
    assert rows["plan"].fingerprint == rows["tool_output"].fingerprint != rows["sidecar"].fingerprint
    assert rows["plan"].at_ms == plan.stat().st_mtime_ns // 1_000_000
    assert verify() == []


@pytest.mark.django_db
def test_a_sidecar_is_read_as_json_spells_it(tmp_path: Path) -> None:
    spelled = "".join(f"\\u{ord(c):04x}" for c in ONE)
    keep(tmp_path, f'{{"description": "{spelled}"}}', s.agent_path("w").replace(".jsonl", ".meta.json"))
    sync([tmp_path])
    (row,) = SecretFinding.objects.all()
    assert row.fingerprint == fingerprint(ONE.encode())


@pytest.mark.django_db
def test_an_output_is_noted_before_anything_of_its_session_was_read(tmp_path: Path) -> None:
    keep(tmp_path, ONE)
    sync([tmp_path])
    (row,) = SecretFinding.objects.select_related("session")
    assert row.session is None
    read(tmp_path, a=[s.prompt("p1", 1)])
    assert SecretFinding.objects.get().session == found("a")


@pytest.mark.django_db
def test_what_an_earlier_text_held_stays_noted_with_that_text(tmp_path: Path) -> None:
    path = keep(tmp_path, f"{ONE}\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    sync([tmp_path])
    path.write_text(f"\n\n{OTHER}\n")
    sync([tmp_path])
    rows = {row.fingerprint: row for row in SecretFinding.objects.all()}
    gone, present = rows[fingerprint(ONE.encode())], rows[fingerprint(OTHER.encode())]
    source = SourceFile.objects.get()
    assert (gone.generation, gone.line, present.generation, present.line) == (1, 1, source.generation, 3)
    assert (gone.first_at_ms, gone.at_ms) == (1_700_000_000_000, 1_700_000_000_000)
    path.write_text(f"{ONE} again\n")
    sync([tmp_path])
    gone.refresh_from_db()
    assert (gone.generation, gone.first_at_ms) == (source.generation + 1, 1_700_000_000_000)
    assert gone.at_ms is not None and gone.at_ms > 1_700_000_000_000


@pytest.mark.django_db
def test_deriving_a_session_again_leaves_what_its_files_hold(tmp_path: Path) -> None:
    keep(tmp_path, ONE)
    read(tmp_path, a=[s.prompt("p1", 1, text=OTHER)])
    before = noted()
    SourceFile.objects.transcripts().update(needs_rebuild=True)
    sync([tmp_path])
    assert noted() == before and len(before) == 1
    assert SecretFinding.objects.of_lines().count() == 1


@pytest.mark.django_db
@settings(
    max_examples=times(8, long=60, postgres=4),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(LINES, min_size=1, max_size=4))
@example([[[0]], [[1, 0]], [[None]], [[0]]])
def test_any_texts_one_after_the_other(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[list[int | None]]]
) -> None:
    """Noted while reading, found again in the archive alone, derived by a rebuild: the same, each secret once."""
    root = tmp_path_factory.mktemp("texts")
    with transaction.atomic():
        keep(root, "", place=f"{s.FOLDER}/{s.uid('b')}/tool-results/none.txt")
        last: dict[int, tuple[int, int, bool]] = {}
        for number, lines in enumerate(texts):
            keep(root, f"{number}\n{text_of(lines)}")
            sync([root])
            last = {key: (line, count, False) for key, (line, count, _) in last.items()}
            last |= {key: (line + 1, count, True) for key, (line, count) in places_in(lines).items()}
        source = SourceFile.objects.get(relative_path=OUTPUT)
        rows = SecretFinding.objects.filter(source=source)
        assert {r.fingerprint: (r.line, r.lines, r.generation == source.generation) for r in rows} == last
        assert len(rows) == len(last)
        before = noted()
        rebuild_all()
        assert noted() == before
        SecretFinding.objects.all().delete()
        mark_unsearched()
        sync([root])
        places = {row[:7] for row in before}
        assert {row[:7] for row in noted()} == places
        assert not unsearched().exists() and verify() == []
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_searching_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(5):
        keep(tmp_path, fake("npm_token", n), place=f"{s.FOLDER}/{s.uid('a')}/tool-results/{n}.txt")
    sync([tmp_path])
    before = noted()
    SecretFinding.objects.all().delete()
    mark_unsearched()
    monkeypatch.setattr("sessions.secrets.noting.FILES_AT_ONCE", 2)
    assert next(search_archived()) == 2
    assert (SecretFinding.objects.count(), unsearched().count()) == (2, 3)
    find_secrets(stop=lambda: True)
    assert unsearched().count() == 3
    sync([tmp_path])
    assert noted() == before and not unsearched().exists()


@pytest.mark.django_db
def test_what_was_never_searched_and_is_gone_is_not_known(tmp_path: Path) -> None:
    keep(tmp_path, ONE)
    keep(tmp_path, OTHER, place=f"{s.FOLDER}/{s.uid('a')}/tool-results/damaged.txt")
    sync([tmp_path])
    SecretFinding.objects.all().delete()
    SourceFile.objects.update(secrets_searched=None)
    pruned = ArchiveSegment.objects.filter(source__relative_path=OUTPUT)
    pruned.update(data=b"", pruned_at=s.START)
    ArchiveSegment.objects.exclude(pk__in=pruned).update(data=b"no text")
    sync([tmp_path])
    assert set(SourceFile.objects.values_list("secrets_searched", flat=True)) == {False}
    assert not SecretFinding.objects.exists() and not unsearched().exists()


@pytest.mark.django_db
def test_pruned_text_leaves_what_was_noted_of_it_also_through_a_rebuild(tmp_path: Path) -> None:
    keep(tmp_path, ONE)
    read(tmp_path, a=[s.prompt("p1", 1)])
    before = noted()
    ArchiveSegment.objects.filter(source__kind="tool_output").update(data=b"", pruned_at=s.START)
    rebuild_all()
    assert noted() == before and len(before) == 1
    assert SourceFile.objects.get(kind="tool_output").secrets_searched is True


@pytest.mark.django_db
def test_what_is_noted_wrongly_is_named(tmp_path: Path) -> None:
    keep(tmp_path, ONE)
    sync([tmp_path])
    assert verify() == []
    SecretFinding.objects.update(line=7)
    assert [said for said in verify() if "secrets" in said] == [
        f"{OUTPUT}: its secrets are not noted as its texts hold them; `manage.py rebuild` does that."
    ]
