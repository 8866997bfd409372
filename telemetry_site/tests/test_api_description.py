"""What `/api/schema` says of every operation there is, or ever will be."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from telemetry_site.api_schema import first_sentence
from telemetry_site.api_vocabulary import TAGS

Operation = dict[str, Any]
DESCRIBED: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DESCRIBED["paths"].items()
    for method, operation in methods.items()
}
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))


def parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = operation.get("parameters", [])
    return found


@every_operation
def test_it_is_introduced(operation: Operation) -> None:
    assert re.fullmatch(r"[A-Z].*[.]", operation["summary"]), "a summary is a sentence"
    assert len(operation["summary"]) <= 140
    assert operation["description"].startswith(operation["summary"][:20])
    assert [tag for tag in operation["tags"] if not TAGS.get(tag)] == [], (
        "they stand in telemetry_site/api_vocabulary.py"
    )


@every_operation
def test_its_parameters_are_described_with_an_example(operation: Operation) -> None:
    """Examples stand in `telemetry_site/api_vocabulary.py`, descriptions in `help_text` of the parameter."""
    assert [p["name"] for p in parameters(operation) if "example" not in p and "examples" not in p] == []
    assert [p["name"] for p in parameters(operation) if not p.get("description")] == []


@every_operation
def test_its_errors_are_described(operation: Operation) -> None:
    answers = operation["responses"]
    expected = {"400", "401", "403", "405", "406", "429"}
    expected |= {"404"} if any(p["in"] == "path" for p in parameters(operation)) else set()
    expected |= {"415"} if "requestBody" in operation else set()
    assert expected - set(answers) == set()
    assert [code for code, answer in answers.items() if not answer["description"]] == []
    shapes = {
        answers[code]["content"]["application/json"]["schema"]["$ref"]
        for code in answers
        if "400" <= code < "500"
    }
    assert shapes == {"#/components/schemas/Error"}
    assert "Retry-After" in answers["429"]["headers"]


@every_operation
def test_its_answer_has_a_shape(operation: Operation) -> None:
    successes = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
    assert successes
    assert [answer for answer in successes if not answer.get("content")] == []


def test_operation_ids_are_short_and_unique() -> None:
    """Programs made from the description call these names: they are never changed."""
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert [name for name, n in Counter(names).items() if n > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)] == []


def test_every_value_has_a_type() -> None:
    """A field of which nothing is said could be anything: there is none."""
    vague = [
        f"{name}: {where}"
        for name, schema in DESCRIBED["components"]["schemas"].items()
        for where, part in walk(schema, "")
        if is_vague(part)
    ]
    assert vague == []


def walk(schema: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield where, schema
    for name, part in schema.get("properties", {}).items():
        yield from walk(part, f"{where}.{name}")
    if "items" in schema:
        yield from walk(schema["items"], f"{where}[]")


def is_vague(part: dict[str, Any]) -> bool:
    if "Always null" in part.get("description", ""):
        return False
    if part.get("additionalProperties") in ({}, True):
        return True
    return not {"type", "$ref", "oneOf", "allOf", "anyOf", "enum"} & part.keys()


def test_a_summary_is_the_first_sentence() -> None:
    assert first_sentence("One line\nand more. Then details.") == "One line and more."
    assert first_sentence("Only this.") == "Only this."
