"""Secrets are found, look-alikes are not, and nothing else of a text is changed."""

import json
import random
import uuid
from base64 import b64encode
from hashlib import sha1, sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.archive import readable_lines
from sessions.models import SecretFinding, TranscriptEntry
from sessions.parsers.secrets.finding import SecretSeen, secrets_in
from sessions.parsers.secrets.kinds import KINDS
from sessions.parsers.secrets.masking import masked, masked_line, read_masked
from sessions.tests import samples as s
from sessions.tests.fake_secrets import ALNUM, SHAPES, characters, fake, placed, private_key
from sessions.tests.transcripts import read

CONTEXTS = (
    "{}",
    "export THE_KEY={}",
    'key = "{}"',
    "curl https://api.test/v1?key={}&x=1",
    "\x1b[32m{}\x1b[0m",
    "before\n{}\nafter",
    "it is `{}`, keep it",
    '{{"value":"{}"}}',
)


def kinds_in(text: str) -> set[str]:
    return {secret.kind.name for secret in secrets_in(text.encode())}


def test_more_than_forty_kinds_are_known() -> None:
    assert len({kind.name for kind in KINDS if kind.is_definite}) >= 40


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_found_wherever_it_stands(shape: str) -> None:
    """At least 98 of 100: a random fake may by chance hold a word that placeholders have."""
    missed = 0
    for seed in range(24):
        secret = fake(shape, seed)
        for context in CONTEXTS:
            text = context.format(secret)
            plain, line = masked(text), masked_line(json.dumps({"text": text, "end": 1}).encode())
            assert json.loads(line)["end"] == 1
            missed += secret in plain or secret.encode() in line
    assert missed <= 24 * len(CONTEXTS) * 0.02


@pytest.mark.parametrize("kind", list(placed()))
def test_secrets_are_found_by_where_they_stand(kind: str) -> None:
    found = [kind in kinds_in(placed(seed)[kind][0]) for seed in range(50)]
    assert sum(found) >= 49
    text, secret = placed(1)[kind]
    quoted = json.dumps({"out": json.dumps({"said": text})}).encode()
    assert secret not in masked(text)
    assert secret.encode() not in masked_line(quoted)


@pytest.mark.parametrize(
    "printed",
    [
        lambda key: key,
        lambda key: key.replace("\n", "\r\n"),
        lambda key: "\n".join(f"{n:6}→{line}" for n, line in enumerate(key.split("\n"))),
        lambda key: "\n".join(f"+{line}" for line in key.split("\n")),
        lambda key: key.rsplit("\n", 1)[0],
        lambda key: json.dumps({"private": key}),
    ],
)
def test_a_private_key_goes_and_its_lines_stay(printed: object) -> None:
    key = private_key()
    text = printed(key)  # type: ignore[operator]
    for said in (masked(text), json.loads(masked_line(json.dumps({"t": text}).encode()))["t"]):
        assert not any(line in said for line in key.split("\n")[1:-1])
        assert said.count("\n") == text.count("\n")


def test_a_key_in_a_patch_stays_a_patch() -> None:
    record = {
        "patch": [f"+{line}" for line in private_key().split("\n")],
        "ok": True,
        "n": 1234567890123456789,
    }
    read = json.loads(masked_line(json.dumps(record).encode()))
    assert len(read["patch"]) == 15
    assert all(line.startswith("+") for line in read["patch"])
    assert (read["ok"], read["n"]) == (True, 1234567890123456789)


def test_a_mask_tells_the_kind_and_too_little_to_be_used() -> None:
    secret = fake("github_token")
    assert masked(f"it is {secret}.") == f"it is [GitHub token …{secret[-4:]}]."
    text, _ = placed()["assigned_secret"]
    assert masked(text) == "DB_PASS" + "WORD=[secret value]"


def test_spellings_of_json_hide_nothing() -> None:
    secret = fake("aws_access_key")
    spelled = "".join(f"\\u00{ord(letter):02x}" for letter in secret)
    line = masked_line(b'{"a": "' + spelled.encode() + b'", "b": "\\\\u0041 \\u0022"}')
    assert secret not in json.loads(line)["a"]
    assert json.loads(line)["b"] == '\\u0041 "'


def test_the_letter_of_an_escape_is_not_taken_for_a_beginning() -> None:
    said = {"text": "\npm_" + "a1B2c3D4e5F6" * 3, "other": fake("npm_token")}
    read = json.loads(masked_line(json.dumps(said).encode()))
    assert read["text"] == said["text"]
    assert fake("npm_token") not in read["other"]


def test_a_secret_is_told_once_a_line_and_by_a_number_of_its_own() -> None:
    one, other = fake("npm_token", 1), fake("npm_token", 2)
    _, seen = read_masked(f'{{"a":"{one}","b":"{one} {other}"}}'.encode())
    assert [said.kind for said in seen] == ["npm_token", "npm_token"]
    assert len({said.fingerprint for said in seen}) == 2
    assert seen[0] == SecretSeen("npm_token", f"npm token …{one[-4:]}", seen[0].fingerprint)
    assert read_masked(one.encode())[1][0].fingerprint == seen[0].fingerprint


LOOK_ALIKES = (
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ghp_" + "x" * 36,
    "sk-" + "your-api-key-here",
    'api_key = "your_api_key_goes_here_1"',
    "password: Uint8Array",
    "secret = getSecretFromV2Store",
    "password=${DB_PASSWORD_2}",
    "secret: process.env.SECRET_V2",
    "DATABASE_URL=postgres://user:password@localhost:5432/db",
    "https://example.org:8080/@scope/package",
    "token: 123456",
    "private_key: /etc/ssl/private/server1.key",
    "accessToken: string1 | undefined",
    "the secret is that version 2 is better",
    '"input_tokens":1200,"output_tokens":34',
    "Authorization: Bearer $TOKEN_2_FOR_TESTS_ONLY",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "task-0123456789abcdef0123456789abcdef",
    "background: url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA)",
)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert masked(text) == text


def look_alike_lines(count: int) -> list[str]:
    """Hashes, ids and images as tools print them."""
    source = random.Random(7)
    make = (
        lambda: f"commit {sha1(source.randbytes(8)).hexdigest()}",
        lambda: f'"integrity": "sha512-{b64encode(source.randbytes(64)).decode()}",',
        lambda: f"session {uuid.UUID(int=source.getrandbits(128))} started",
        lambda: f"data:image/png;base64,{b64encode(source.randbytes(600)).decode()}",
        lambda: f"sha256:{sha256(source.randbytes(8)).hexdigest()}  layer.tar",
        lambda: (
            f'"id": "toolu_{characters(ALNUM, 24, source)}", "requestId": "req_{characters(ALNUM, 24, source)}"'
        ),
        lambda: f'"session_token": "{uuid.UUID(int=source.getrandbits(128))}"',
        lambda: f"https://cdn.test/{characters(ALNUM, 40, source)}.js?v={source.randrange(10**9)}",
        lambda: f"at Object.<anonymous> (/src/{characters(ALNUM, 12, source)}.ts:{source.randrange(999)}:7)",
        lambda: f"password_hash = {characters(ALNUM, 3, source)}(secret, salt)",
        lambda: (
            f'!function(e,t){{var n="{characters(ALNUM, 6, source)}";e.token=t.key=n.secret}}(this,{{}});'
        ),
        lambda: f'checksum = "{sha256(source.randbytes(8)).hexdigest()}"',
        lambda: f"    --hash=sha256:{sha256(source.randbytes(8)).hexdigest()} \\",
        lambda: (
            f"resolved https://registry.test/pkg/-/pkg-1.{source.randrange(99)}.tgz#{sha1(source.randbytes(8)).hexdigest()}"
        ),
        lambda: f"-    token: ${{{{ secrets.TOKEN_{source.randrange(99)} }}}}",
        lambda: f"API_KEY=your-key-{source.randrange(99)}-goes-here",
        lambda: f"index {sha1(source.randbytes(8)).hexdigest()[:9]}..{source.getrandbits(36):09x} 100644",
        lambda: f'etag: W/"{source.randrange(10**6):x}-{b64encode(source.randbytes(20)).decode()}"',
        lambda: f"const secretName = 'app/{characters('abcdef', 5, source)}/v{source.randrange(9)}'",
        lambda: (
            f"//# sourceMappingURL=data:application/json;base64,{b64encode(source.randbytes(90)).decode()}"
        ),
    )
    return [make[n % len(make)]() for n in range(count)]


def test_hardly_a_look_alike_is_taken_for_a_secret() -> None:
    assert sum(masked(line) != line for line in look_alike_lines(10_000)) <= 2


@pytest.mark.django_db
def test_look_alikes_are_shown_as_they_were_written(tmp_path: Path) -> None:
    """Two hundred of them, of twenty kinds: no finding, and each line as it was written."""
    alike = [*look_alike_lines(200 - len(LOOK_ALIKES)), *LOOK_ALIKES]
    read(tmp_path, a=[s.prompt(f"p{n}", n, text=text) for n, text in enumerate(alike)])
    assert not SecretFinding.objects.exists()
    shown = [json.loads(line) for _, line in readable_lines(TranscriptEntry.objects.order_by("seq"))]  # type: ignore[arg-type]
    assert [line["message"]["content"] for line in shown] == alike


@given(st.text(max_size=200))
def test_masking_again_changes_nothing(text: str) -> None:
    once = masked(text + fake("slack_token"))
    assert masked(once) == once


@given(before=st.text(max_size=40), after=st.text(max_size=40), shape=st.sampled_from(SHAPES))
def test_only_the_secret_of_a_line_is_changed(before: str, after: str, shape: str) -> None:
    """Whatever characters and escapes stand around it."""
    said = {"before": before, "text": f"{before} {fake(shape)} {after}", "after": after}
    read = json.loads(masked_line(json.dumps(said).encode()))
    assert fake(shape) not in read["text"]
    assert (read["before"], read["after"]) == (before, after)


@given(st.recursive(st.text(max_size=30) | st.integers() | st.booleans(), st.lists, max_leaves=8))
def test_json_stays_json(value: object) -> None:
    raw = json.dumps([value, private_key()]).encode()
    assert json.loads(masked_line(raw))[0] == value
