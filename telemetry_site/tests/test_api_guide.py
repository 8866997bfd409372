"""The examples of `docs/api.md` work as they stand."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from telemetry_site.tests.asking import ask
from telemetry_site.tests.filled import filled
from telemetry_site.tests.ledger import write_and_read

pytestmark = pytest.mark.django_db
GUIDE = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text(encoding="utf-8")
SERVER = "http://127.0.0.1:8765"
EXAMPLES = [shlex.split(line) for line in re.findall(r"^curl .*$", GUIDE, re.MULTILINE)]


@pytest.fixture(scope="module")
def work(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with filled(django_db_blocker, lambda: write_and_read(tmp_path_factory.mktemp("work"))):
        yield


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("words", EXAMPLES, ids=[words[-1].removeprefix(SERVER) for words in EXAMPLES])
def test_an_example_works(work: None, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setattr("telemetry_site.sync_api.ask_for_sync", lambda now: True)
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    assert words[-1].startswith(SERVER)
    response = ask(words[-1].removeprefix(SERVER), method=method)
    assert response.status_code in (200, 202), response.content
    if "items" in (said := response.json()):
        assert said["items"], "an example shows something"
