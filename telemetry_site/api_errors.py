"""One error shape for the whole API: `{"detail": "<sentence>", "errors": {"<field>": ["<sentence>"]}}`."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as drf_exception_handler


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer to `error` in our shape; None (Django's 500) for anything DRF does not know."""
    response = drf_exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = validation_body(response.data)
    else:
        response.data = {"detail": str(response.data.get("detail", "")), "errors": {}}
    return response


def validation_body(data: Any) -> dict[str, Any]:
    """A validation error of any nesting as flat field names (`items.2.name`) with lists of sentences."""
    errors: dict[str, list[str]] = {}
    collect_errors(data, "", errors)
    general = errors.pop("", [])
    general += errors.pop(api_settings.NON_FIELD_ERRORS_KEY, [])
    named = [f"{field}: {sentences[0]}" for field, sentences in errors.items()]
    return {"detail": " ".join(general or named), "errors": errors}


def collect_errors(data: Any, field: str, errors: dict[str, list[str]]) -> None:
    """Add every sentence in `data` to `errors` under its dotted field name."""
    if isinstance(data, dict):
        for name, part in data.items():
            collect_errors(part, f"{field}.{name}" if field else str(name), errors)
    elif isinstance(data, list) and any(isinstance(part, (dict, list)) for part in data):
        for index, part in enumerate(data):
            collect_errors(part, f"{field}.{index}" if field else str(index), errors)
    else:
        sentences = data if isinstance(data, list) else [data]
        errors.setdefault(field, []).extend(str(sentence) for sentence in sentences)
