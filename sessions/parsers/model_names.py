"""Names of models: what a transcript writes, reduced to the model that answered.

One model appears under many names: with a date, a context suffix, a cloud's or a gateway's prefix, dots or
dashes. `parse_model` takes those apart without ever crossing a version number: `claude-opus-4-10` is not
`claude-opus-4-1`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_CONTEXT_SUFFIX = re.compile(r"\[\d+[km]\]$")
_BEDROCK_ARN = re.compile(r"^arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(?:inference-profile|foundation-model)/")
_VERTEX_PATH = re.compile(r"^(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/models/")
_BEDROCK_VENDOR = re.compile(r"^(?:(us|eu|apac|au|jp|in|us-gov|global)\.)?anthropic\.")
_BEDROCK_VERSION = re.compile(r"(?<=\d)-v\d+(?::\d+)?(?::\d+k)?$")
_VERTEX_VERSION = re.compile(r"@(\d{8}|default|latest)$")
_DATE = re.compile(r"-(20\d{6}|20\d\d-\d\d-\d\d)$")
_SNAPSHOT = re.compile(r"-(?:0\d{3}|1[0-2]\d\d|\d\d-\d\d)$")
_DOT_IN_NUMBER = re.compile(r"(?<=\d)\.(?=\d)")
_CLAUDE_NUMBER_FIRST = re.compile(r"^claude-(\d{1,2}(?:-\d{1,2})?)-([a-z]+)(?=-|$)")
_CLAUDE_DOT_ZERO = re.compile(r"^(claude-[a-z]+-\d{1,2})-0(?=-|$)")

# Longest first, so that `openrouter/anthropic/` does not leave `anthropic/` behind.
_ROUTES = (
    ("openrouter/", "openrouter"),
    ("vertex_ai/", "vertex"),
    ("bedrock/", "bedrock"),
    ("azure/", "azure"),
)
_VENDOR_PATHS = ("anthropic/", "openai/", "google/", "gemini/")
_OPENAI_WORDS = re.compile(r"^(?:gpt|chatgpt|openai|codex|o\d)$")


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model's name taken apart.

    `dated` keeps the snapshot date, `plain` does not; both are lower case and write versions with dashes.
    `as_written` is `dated` with its dots still in place. `route` is "" for the maker's own API, else bedrock,
    vertex, azure or openrouter; `regional` says that the name asks for inference inside one region, which
    some clouds charge extra for. `raw` is the whole name in lower case.
    """

    raw: str
    as_written: str
    dated: str
    plain: str
    route: str
    regional: bool


class ModelIdentity(NamedTuple):
    """What a person calls a model: `Claude`, `Opus`, `Opus 4.5`, `Claude Opus 4.5`."""

    provider: str
    family: str
    version: str
    display_name: str


def display_model(model: str, fast: bool) -> str:
    """Name of a row in a breakdown by model: the raw id, and `-fast` behind it for fast mode."""
    return f"{model}-fast" if fast else model


def model_family(model: str) -> str:
    """Family of a model in lower case: `opus`, `haiku`, `gpt`; "" for a name that is not a model's."""
    return model_identity(model).family.lower()


@lru_cache(maxsize=4096)
def parse_model(model: str) -> ModelName | None:
    """Take a model's name apart; None for the empty name and for markers such as `<synthetic>`."""
    raw = model.strip().lower()
    if not raw or raw.startswith("<"):
        return None
    route, regional, name = _strip_route(_CONTEXT_SUFFIX.sub("", raw))
    name = _VERTEX_VERSION.sub(_dash_date, _BEDROCK_VERSION.sub("", name)).removesuffix("-latest")
    dated = canonical_name(name)
    return ModelName(raw, name, dated, canonical_name(_DATE.sub("", dated)), route, regional)


def canonical_name(name: str) -> str:
    """One spelling for one model: lower case, dashes in versions, Claude's family before its number."""
    dashed = _DOT_IN_NUMBER.sub("-", name.strip().lower())
    return _CLAUDE_DOT_ZERO.sub(r"\1", _CLAUDE_NUMBER_FIRST.sub(r"claude-\2-\1", dashed))


@lru_cache(maxsize=4096)
def model_identity(model: str) -> ModelIdentity:
    """Provider, family, version and display name for people; provider `Unknown` when it names no model."""
    parsed = parse_model(model)
    if parsed is None:
        return ModelIdentity("Unknown", "", "", model.strip())
    words = [word for word in re.split(r"[-_\s:]+", _identity_source(parsed)) if word]
    if not words:
        return ModelIdentity("Unknown", "", "", model.strip())
    if words[0] == "claude":
        return _claude_identity(words[1:])
    return _other_identity(words)


def _strip_route(name: str) -> tuple[str, bool, str]:
    """Split the way a request took (route, whether regional) from the model it asked for."""
    route = ""
    for prefix, label in _ROUTES:
        if name.startswith(prefix):
            route, name = label, name.removeprefix(prefix)
    if _BEDROCK_ARN.match(name):
        route, name = "bedrock", _BEDROCK_ARN.sub("", name)
    if _VERTEX_PATH.match(name):
        route, name = "vertex", _VERTEX_PATH.sub("", name)
    if route == "bedrock" and "/anthropic." in name:
        name = name.rpartition("/")[2]  # bedrock/us-east-1/anthropic.claude-…
    if vendor := _BEDROCK_VENDOR.match(name):
        return "bedrock", vendor[1] != "global", name[vendor.end() :]
    if _VERTEX_VERSION.search(name):
        route = route or "vertex"
    return route, False, _strip_vendor(name)


def _strip_vendor(name: str) -> str:
    for prefix in _VENDOR_PATHS:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _dash_date(version: re.Match[str]) -> str:
    return f"-{version[1]}" if version[1].isdigit() else ""


def _identity_source(parsed: ModelName) -> str:
    """The undated name; of an unknown gateway's path only the last part, which names the model."""
    name = parsed.plain.rpartition("/")[2]
    # A maker other than Claude's may date a model by month and day alone: gpt-4-0613, gemini-…-05-06.
    return name if name.startswith("claude-") else _SNAPSHOT.sub("", name)


def _claude_identity(words: list[str]) -> ModelIdentity:
    family = next((word for word in words if word.isalpha()), "claude")
    number = ".".join(word for word in words if word.isdigit())
    rest = [word.title() for word in words if word != family and not word.isdigit()]
    version = " ".join(part for part in (family.title(), number, *rest) if part)
    display = version if family == "claude" else f"Claude {version}"
    return ModelIdentity("Claude", family.title(), version, display)


def _other_identity(words: list[str]) -> ModelIdentity:
    """Makers other than Claude's name their family first: `gpt-5-codex` is GPT 5 Codex."""
    family = _other_word(words[0])
    provider = "OpenAI" if _OPENAI_WORDS.match(words[0]) else family
    version = " ".join(part for part in (family, _join_numbers(words[1:])) if part)
    display = version if family == provider else f"{provider} {version}"
    return ModelIdentity(provider, family, version, display)


def _other_word(word: str) -> str:
    if re.fullmatch(r"o\d", word):
        return word
    return word.upper() if word in {"gpt", "glm"} else word.title()


def _join_numbers(words: list[str]) -> str:
    joined = " ".join(word if word.isdigit() else word.title() for word in words)
    return re.sub(r"(?<=\d) (?=\d+(?: |$))", ".", joined)
