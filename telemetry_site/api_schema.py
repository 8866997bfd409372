"""How the API describes itself: what every operation has that its view need not say again.

A view gives its parameters, its answer and a docstring. The first sentence of that is the summary; tags, examples,
identifiers in the path and the errors that any operation can end in are added here.
"""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from telemetry_site.api_vocabulary import EXAMPLES, IDENTIFIERS

SAFE = ("GET", "HEAD", "OPTIONS")
_SENTENCES = {
    "200": "The answer.",
    "201": "It was made.",
    "202": "It was taken on and is done afterwards.",
    "400": "A parameter or field is unknown or its value is not understood; `errors` names each one.",
    "401": "Nobody is logged in and no valid token came along. Not on a laptop, where there are no logins.",
    "403": "Whoever asks may not do this, or another web site had a browser ask.",
    "404": "What the path or a parameter names does not exist.",
    "405": "The address knows no such method; `Allow` names those it knows.",
    "406": "The answer cannot be given in a format that `Accept` names.",
    "409": "It contradicts how things stand, such as a name that is taken.",
    "412": "It has changed since the version that `If-Match` names.",
    "415": "The body is not JSON.",
    "429": "Too many requests; `Retry-After` says in how many seconds to ask again.",
    "503": "The server cannot do its work.",
}
_HEADERS = {
    "405": ("Allow", {"type": "string"}, "The methods that the address knows, separated by commas."),
    "429": ("Retry-After", {"type": "integer", "minimum": 0}, "Seconds until the next request is welcome."),
}
_NAMING = frozenset({"project", "session", "session_id", "feature", "task"})


class ErrorSerializer(serializers.Serializer[Any]):
    """What every error says: a sentence, and sentences about each parameter or field that is to blame."""

    detail = serializers.CharField()
    # A field may have the name of the serializer's own property: the class collects fields before it is made.
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )


class OperationSchema(AutoSchema):
    """A view's operations, with the parts that are the same for all of them."""

    def get_summary(self) -> str | None:
        given = super().get_summary()
        return given or first_sentence(self.get_description())

    def get_auth(self) -> list[dict[str, Any]]:
        """In local mode nobody needs to prove anything; a token that is sent is held to what it was made for."""
        ways: list[dict[str, Any]] = super().get_auth()
        return ways if settings.IS_TEAM or {} in ways else [*ways, {}]

    def _get_parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._get_parameters()
        return [_with_example(parameter) for parameter in parameters]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        described: dict[str, Any] = super()._get_response_bodies(direction)
        for code, answer in described.items():
            answer["description"] = answer["description"] or _SENTENCES.get(
                code, HTTPStatus(int(code)).phrase
            )
        missing = [code for code in self._errors() if code not in described]
        return dict(sorted((described | {code: self._error(code) for code in missing}).items()))

    def _errors(self) -> list[str]:
        """The errors that this operation can end in."""
        names = {(parameter["name"], parameter["in"]) for parameter in self._get_parameters()}
        codes = ["400", "401", "403", "405", "406", "429"]
        if any(place == "path" or name in _NAMING for name, place in names):
            codes.append("404")
        if self.method not in SAFE:
            codes.append("415")
        codes += getattr(self.view, "more_errors", {}).get(self.method, ())
        return sorted(codes)

    def _error(self, code: str) -> dict[str, Any]:
        said = self._get_response_for_code(ErrorSerializer, code, ["application/json"])  # type: ignore[no-untyped-call]
        answer: dict[str, Any] = said
        answer["description"] = _SENTENCES[code]
        if code in _HEADERS:
            name, schema, meaning = _HEADERS[code]
            answer["headers"] = {name: {"schema": schema, "description": meaning}}
        return answer


def close_bodies(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """A hook of the generator: bodies of requests have no other fields than those described."""
    schemas = result["components"]["schemas"]
    for path in result["paths"].values():
        for operation in path.values():
            for body in operation.get("requestBody", {}).get("content", {}).values():
                schemas[body["schema"]["$ref"].rpartition("/")[2]]["additionalProperties"] = False
    return result


def first_sentence(text: str) -> str:
    """The beginning of a description, up to and with the end of its first sentence, on one line."""
    whole = " ".join(text.split())
    head, stop, _ = whole.partition(". ")
    return head + stop.strip()


def _with_example(parameter: dict[str, Any]) -> dict[str, Any]:
    name = parameter["name"]
    if parameter["in"] == "path" and name in IDENTIFIERS:
        example, meaning = IDENTIFIERS[name]
        parameter = {"description": meaning, "example": example} | parameter
    elif name in EXAMPLES and "examples" not in parameter:
        parameter = {"example": EXAMPLES[name]} | parameter
    return parameter
