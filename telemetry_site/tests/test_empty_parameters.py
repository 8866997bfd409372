"""An empty filter is none: a form that sends every field of its own asks for everything.

Every text that the description knows is given empty; a new one cannot be forgotten.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from telemetry_site.tests.asking import ask
from telemetry_site.tests.filled import filled
from telemetry_site.tests.ledger import write_and_read
from telemetry_site.tests.test_api_description import DESCRIBED

NEEDED = {
    "/api/analytics/series": "metric=session_tokens&",
    "/api/analytics/trends": "metric=session_tokens&",
    "/api/search": "q=pick&",
}
LISTS = sorted(path for path, methods in DESCRIBED["paths"].items() if "get" in methods and "{" not in path)


@pytest.fixture(scope="module", autouse=True)
def ledger(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    with filled(django_db_blocker, lambda: write_and_read(tmp_path_factory.mktemp("ledger"))):
        yield


def texts(path: str) -> list[str]:
    """The optional parameters of an operation that may be any text."""
    return [
        found["name"]
        for found in DESCRIBED["paths"][path]["get"].get("parameters", ())
        if found["in"] == "query"
        and not found.get("required")
        and found["schema"].get("type") == "string"
        and not found["schema"].keys() & {"enum", "minLength", "pattern", "format"}
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("path", [path for path in LISTS if texts(path)])
def test_an_empty_text_is_no_filter(path: str) -> None:
    place = f"{path}?{NEEDED.get(path, '')}"
    for blank in ("", "%1C"):
        answer = ask(place + "&".join(f"{name}={blank}" for name in texts(path)))
        assert answer.status_code == 200
        assert timeless(answer.json()) == timeless(ask(place).json())


def timeless(answer: Any) -> Any:
    """Without the moment of the answer, where it tells one."""
    if not isinstance(answer, dict):
        return answer
    return {name: value for name, value in answer.items() if name != "generatedAt"}
