"""Every spelling of a model leads to that model, and to no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.parsers.model_names import (
    ModelIdentity,
    canonical_name,
    display_model,
    model_family,
    model_identity,
    parse_model,
)

SPELLINGS_OF_OPUS_4_5 = [
    "claude-opus-4-5",
    "claude-opus-4.5",
    "Claude-Opus-4-5",
    "claude-opus-4-5-20251101",
    "claude-opus-4-5-2025-11-01",
    "claude-opus-4-5[1m]",
    "claude-opus-4-5-20251101[1m]",
    "claude-opus-4-5-latest",
    "claude-4-5-opus",
    "claude-4.5-opus-20251101",
    "anthropic/claude-opus-4.5",
    "openrouter/anthropic/claude-opus-4.5",
    "vertex_ai/claude-opus-4-5@20251101",
    "claude-opus-4-5@20251101",
    "claude-opus-4-5@default",
    "publishers/anthropic/models/claude-opus-4-5",
    "us.anthropic.claude-opus-4-5-20251101-v1:0",
    "eu.anthropic.claude-opus-4-5-20251101-v1:0",
    "global.anthropic.claude-opus-4-5-20251101-v1:0",
    "anthropic.claude-opus-4-5-20251101-v1:0:200k",
    "bedrock/us.anthropic.claude-opus-4-5-20251101-v1:0",
    "bedrock/us-east-1/anthropic.claude-opus-4-5-20251101-v1:0",
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0",
]


@pytest.mark.parametrize("spelling", SPELLINGS_OF_OPUS_4_5)
def test_every_spelling_leads_to_the_same_model(spelling: str) -> None:
    parsed = parse_model(spelling)
    assert parsed is not None
    assert parsed.plain == "claude-opus-4-5"
    assert model_family(spelling) == "opus"


@pytest.mark.parametrize(
    ("spelling", "route", "regional"),
    [
        ("claude-opus-4-5", "", False),
        ("anthropic/claude-opus-4-5", "", False),
        ("openrouter/anthropic/claude-opus-4-5", "openrouter", False),
        ("vertex_ai/claude-opus-4-5@20251101", "vertex", False),
        ("claude-opus-4-5@20251101", "vertex", False),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "bedrock", True),
        ("anthropic.claude-opus-4-5-20251101-v1:0", "bedrock", True),
        ("global.anthropic.claude-opus-4-5-20251101-v1:0", "bedrock", False),
    ],
)
def test_the_route_of_a_request_is_read_off_its_model(spelling: str, route: str, regional: bool) -> None:
    parsed = parse_model(spelling)
    assert parsed is not None
    assert (parsed.route, parsed.regional) == (route, regional)


@pytest.mark.parametrize("name", ["", "   ", "<synthetic>", " <synthetic> "])
def test_markers_are_not_models(name: str) -> None:
    assert parse_model(name) is None
    assert model_family(name) == ""


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("claude-opus-4-10", "claude-opus-4-10"),
        ("claude-opus-4-5-1", "claude-opus-4-5-1"),
        ("claude-opus-4-0", "claude-opus-4"),
        ("claude-opus-40", "claude-opus-40"),
        ("claude-v2", "claude-v2"),
        ("deepseek-v3", "deepseek-v3"),
        ("gpt-5.1-codex", "gpt-5-1-codex"),
        ("acme/claude-opus-4-5", "acme/claude-opus-4-5"),
    ],
)
def test_versions_and_unknown_gateways_are_left_alone(name: str, plain: str) -> None:
    parsed = parse_model(name)
    assert parsed is not None
    assert parsed.plain == plain


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-opus-4-5-20251101", "opus"),
        ("claude-3-5-haiku-20241022", "haiku"),
        ("claude-fable-5", "fable"),
        ("claude-2.1", "claude"),
        ("acme/claude-sonnet-4-6", "sonnet"),
        ("gpt-5-codex", "gpt"),
        ("o3", "o3"),
        ("gemini-2.5-pro", "gemini"),
        ("sonnet", "sonnet"),
        ("something-new-7", "something"),
    ],
)
def test_family_is_the_word_people_group_by(model: str, family: str) -> None:
    assert model_family(model) == family


@pytest.mark.parametrize(
    ("model", "identity"),
    [
        ("claude-opus-4-5-20251101", ("Claude", "Opus", "Opus 4.5", "Claude Opus 4.5")),
        ("claude-3-7-sonnet-20250219", ("Claude", "Sonnet", "Sonnet 3.7", "Claude Sonnet 3.7")),
        ("claude-sonnet-4-20250514", ("Claude", "Sonnet", "Sonnet 4", "Claude Sonnet 4")),
        ("claude-3-opus-20240229", ("Claude", "Opus", "Opus 3", "Claude Opus 3")),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", ("Claude", "Haiku", "Haiku 4.5", "Claude Haiku 4.5")),
        ("claude-2.1", ("Claude", "Claude", "Claude 2.1", "Claude 2.1")),
        ("gpt-5-codex", ("OpenAI", "GPT", "GPT 5 Codex", "OpenAI GPT 5 Codex")),
        ("gpt-5.1-codex-max", ("OpenAI", "GPT", "GPT 5.1 Codex Max", "OpenAI GPT 5.1 Codex Max")),
        ("gpt-4-0613", ("OpenAI", "GPT", "GPT 4", "OpenAI GPT 4")),
        ("gpt-4o-mini", ("OpenAI", "GPT", "GPT 4O Mini", "OpenAI GPT 4O Mini")),
        ("o4-mini", ("OpenAI", "o4", "o4 Mini", "OpenAI o4 Mini")),
        ("gemini-2.5-pro", ("Gemini", "Gemini", "Gemini 2.5 Pro", "Gemini 2.5 Pro")),
        ("glm-4.6", ("GLM", "GLM", "GLM 4.6", "GLM 4.6")),
        ("<synthetic>", ("Unknown", "", "", "<synthetic>")),
        ("", ("Unknown", "", "", "")),
    ],
)
def test_identity_reads_as_people_say_it(model: str, identity: tuple[str, str, str, str]) -> None:
    assert model_identity(model) == ModelIdentity(*identity)


def test_fast_mode_is_a_row_of_its_own() -> None:
    assert display_model("claude-opus-4-8", fast=False) == "claude-opus-4-8"
    assert display_model("claude-opus-4-8", fast=True) == "claude-opus-4-8-fast"


@given(st.text(max_size=60))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert model_family(text) == model_identity(text).family.lower()
    parsed = parse_model(text)
    assert parsed is None or canonical_name(parsed.dated) == parsed.dated


@given(
    st.sampled_from(["opus", "sonnet", "haiku"]),
    st.integers(1, 99),
    st.one_of(st.none(), st.integers(1, 99)),
)
def test_a_version_survives_every_decoration(family: str, major: int, minor: int | None) -> None:
    version = f"{major}" if minor is None else f"{major}-{minor}"
    plain = f"claude-{family}-{version}"
    for decorated in (f"{plain}-20260101[1m]", f"us.anthropic.{plain}-20260101-v1:0", f"{plain}@20260101"):
        parsed = parse_model(decorated)
        assert parsed is not None
        assert parsed.plain == plain
