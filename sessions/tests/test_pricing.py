"""Costs are exact, belong to their day, and are None where nobody knows a price."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.parsers.pricing import (
    PriceBook,
    Rates,
    TokenRates,
    Usage,
    default_price_book,
    load_price_book,
)
from sessions.parsers.rates import round_to_nano

NANO_PER_USD = 10**9


def moment(text: str) -> int:
    """An ISO time as Unix milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


MID_2026 = moment("2026-07-01T12:00:00")
MILLION_OF_EACH = {
    "input": Usage(10**6, 0, 0, 0, 0),
    "output": Usage(0, 10**6, 0, 0, 0),
    "cache_read": Usage(0, 0, 10**6, 0, 0),
    "cache_write_5m": Usage(0, 0, 0, 10**6, 0),
    "cache_write_1h": Usage(0, 0, 0, 0, 10**6),
}
counts = st.integers(0, 10**7)
small_counts = st.integers(0, 20_000)
usages = st.builds(Usage, counts, counts, counts, counts, counts, st.integers(0, 50))
small_usages = st.builds(
    Usage, small_counts, small_counts, small_counts, small_counts, small_counts, st.just(0)
)
claude_models = st.sampled_from(
    ["claude-opus-4-5", "claude-opus-4-6", "claude-sonnet-4-5", "claude-haiku-5-5", "claude-fable-5-1"]
)


def price(model: str, at_ms: int = MID_2026, **conditions: Any) -> Rates:
    rates = default_price_book().rates(model, at_ms, **conditions)
    assert rates is not None, model
    return rates


def cost_usd(model: str, usage: Usage, at_ms: int = MID_2026, **conditions: Any) -> Decimal:
    nano = default_price_book().cost_nano_usd(model, at_ms, usage, **conditions)
    assert nano is not None, model
    return Decimal(nano) / NANO_PER_USD


def added(one: Usage, other: Usage) -> Usage:
    return Usage(*map(sum, zip(one, other, strict=True)))


# The published prices, and the money of a real corpus


@pytest.mark.parametrize(
    ("model", "prices"),
    [
        ("claude-fable-5", "10 50 1 12.5 20"),
        ("claude-fable-5-1", "10 50 0.25 12.5 20"),
        ("claude-mythos-5", "10 50 1 12.5 20"),
        ("claude-opus-5", "5 25 0.5 6.25 10"),
        ("claude-opus-5-5", "4 20 0.2 5 8"),
        ("claude-opus-4-8", "5 25 0.5 6.25 10"),
        ("claude-opus-4-1-20250805", "15 75 1.5 18.75 30"),
        ("claude-opus-4-20250514", "15 75 1.5 18.75 30"),
        ("claude-sonnet-5", "2 10 0.2 2.5 4"),
        ("claude-sonnet-4-6", "3 15 0.3 3.75 6"),
        ("claude-3-5-haiku-20241022", "0.8 4 0.08 1 1.6"),
        ("claude-haiku-4-5-20251001", "1 5 0.1 1.25 2"),
    ],
)
def test_every_class_has_its_published_price(model: str, prices: str) -> None:
    tokens = price(model).tokens
    figures = (
        tokens.input,
        tokens.output,
        tokens.cache_read,
        tokens.cache_creation_5m,
        tokens.cache_creation_1h,
    )
    assert [Decimal(figure) / 10**6 for figure in figures] == [Decimal(text) for text in prices.split()]


@pytest.mark.parametrize("part", ["assistant_records", "progress_only", "billable"])
def test_real_token_totals_cost_what_they_are_known_to_cost(corpus: Path, part: str) -> None:
    expected = json.loads((corpus / "expected_usage.json").read_text())[part]
    total = 0
    for model, known in expected["models"].items():
        counts = (known[key] for key in ("input", "output", "cache_read", "cache_5m", "cache_1h"))
        # Totals of many responses, none of which reached a tier: the rates below the tier hold for the sum.
        pico = price(model).tokens.cost_pico_usd(Usage(*counts))
        assert Decimal(pico) / 10**12 == Decimal(known["cost"]), model
        total += pico
    assert expected["models"]
    assert Decimal(total) / 10**12 == Decimal(expected["cost"])


# Names


@pytest.mark.parametrize(
    "model",
    [
        "",
        "<synthetic>",
        "sonnet",
        "nobody-knows-this",
        "claude-opus-9",
        "claude-opus-4-10",
        "claude-opus-4-55",
        "claude-opus-4-5-1",
        "claude-opus-5-7",
        "claude-sonnet-45",
        "acme/claude-opus-4-5",
        "xclaude-opus-4-5",
    ],
)
def test_a_model_without_a_price_costs_none_and_not_zero(model: str) -> None:
    book = default_price_book()
    assert book.rates(model, MID_2026) is None
    assert book.cost_nano_usd(model, MID_2026, MILLION_OF_EACH["input"]) is None
    assert book.cost_nano_usd(model, MID_2026, Usage(0, 0, 0, 0, 0)) is None


@pytest.mark.parametrize(
    "spelling",
    [
        "claude-opus-4-5-20251101",
        "claude-opus-4.5",
        "anthropic/claude-opus-4-5[1m]",
        "openrouter/anthropic/claude-opus-4.5",
        "vertex_ai/claude-opus-4-5@20251101",
        "global.anthropic.claude-opus-4-5-20251101-v1:0",
    ],
)
def test_spellings_of_one_model_share_its_price(spelling: str) -> None:
    assert price(spelling) == price("claude-opus-4-5")


def test_inference_inside_one_region_costs_what_the_cloud_asks_for_it() -> None:
    regional = price("us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    assert regional.tokens.input == 3_300_000
    assert regional.price_id.endswith("+regional")
    assert price("us.anthropic.claude-sonnet-4-20250514-v1:0").tokens.input == 3_000_000


# Days


def test_a_price_holds_from_its_day_at_midnight_utc() -> None:
    usage = Usage(250_000, 1000, 0, 0, 0)
    before, after = moment("2026-03-12T23:59:59.999"), moment("2026-03-13T00:00:00")
    assert cost_usd("claude-opus-4-6", usage, before) == Decimal("2.5375")
    assert cost_usd("claude-opus-4-6", usage, after) == Decimal("1.275")
    assert str(price("claude-opus-4-6", after).effective_from) == "2026-03-13"
    assert price("claude-opus-4-6", before).effective_from is None


def house_book(folder: Path, *days_and_inputs: tuple[str, str], model: str = "claude-opus-4-5") -> Path:
    text = '[book]\nname = "house"\nsource = "contract"\nversion = "1"\n'
    for day, figure in days_and_inputs:
        text += f'[[price]]\nmodels = ["{model}"]\ninput = {figure}\noutput = 1\ncache_read = 1\n'
        text += f"cache_write_5m = 1\ncache_write_1h = 1\n{f'effective_from = {day}' if day else ''}\n"
    path = folder / "house.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_price_holds_from_its_day_and_ours_before(tmp_path: Path) -> None:
    book = load_price_book([house_book(tmp_path, ("2026-06-01", "4"))])
    before = book.rates("claude-opus-4-5-20251101", moment("2026-05-31T23:59:59"))
    after = book.rates("claude-opus-4-5-20251101", moment("2026-06-01T00:00:00"))
    assert before == price("claude-opus-4-5")
    assert after is not None
    assert (after.tokens.input, after.price_id) == (4_000_000, "house:claude-opus-4-5@2026-06-01")


def test_a_users_price_stays_in_front_when_ours_changes_later(tmp_path: Path) -> None:
    book = load_price_book([house_book(tmp_path, ("2026-01-01", "4"), model="claude-opus-4-6")])
    rates = book.rates("claude-opus-4-6", moment("2026-05-01T00:00:00"))
    assert rates is not None
    assert rates.tokens.input == 4_000_000


def test_a_users_dated_price_leaves_earlier_days_to_the_library(tmp_path: Path) -> None:
    book = load_price_book([house_book(tmp_path, ("2026-06-01", "4"), model="gpt-5-codex")])
    before = book.rates("gpt-5-codex", moment("2026-05-31T00:00:00"))
    assert before == price("gpt-5-codex", moment("2026-05-31T00:00:00"))


def test_a_pattern_covers_a_tail_but_never_a_version(tmp_path: Path) -> None:
    book = load_price_book([house_book(tmp_path, ("", "4"), model="acme-4-*")])
    covered = book.rates("acme-4-turbo", MID_2026)
    assert covered is not None
    assert covered.tokens.input == 4_000_000
    assert book.rates("acme-4-5", MID_2026) is None
    assert book.rates("acme-4turbo", MID_2026) is None


def test_a_price_for_a_gateways_name_holds_for_that_name_alone(tmp_path: Path) -> None:
    name = "eu.anthropic.claude-opus-4-5-20251101-v1:0"
    book = load_price_book([house_book(tmp_path, ("", "4"), model=name)])
    named, plain = book.rates(name, MID_2026), book.rates("claude-opus-4-5", MID_2026)
    assert named is not None
    assert named.tokens.input == 4_000_000
    assert plain == price("claude-opus-4-5")


@given(st.dates(min_value=datetime(2025, 1, 1).date(), max_value=datetime(2027, 1, 1).date()), claude_models)
def test_a_later_price_never_changes_an_earlier_day(
    tmp_path_factory: pytest.TempPathFactory, day: Any, model: str
) -> None:
    path = house_book(tmp_path_factory.mktemp("book"), (day.isoformat(), "4"), model=model)
    book = load_price_book([path])
    first = moment(f"{day.isoformat()}T00:00:00")
    for earlier in (first - 1, first - 86_400_000, first - 10**10):
        assert book.rates(model, earlier) == default_price_book().rates(model, earlier)
    assert book.rates(model, first) != default_price_book().rates(model, first)


# Tiers and conditions


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(200_000, 0, 0, 0, 0), "0.6"),
        (Usage(200_001, 0, 0, 0, 0), "1.200006"),
        (Usage(100_000, 1000, 0, 60_000, 40_000), "0.78"),
        (Usage(150_000, 0, 100_000, 0, 0), "0.96"),
        (Usage(1, 1000, 0, 150_000, 50_000), "1.747506"),
        (Usage(0, 1_000_000, 0, 0, 0), "15"),
    ],
)
def test_a_long_prompt_is_charged_as_a_whole_at_the_upper_rate(usage: Usage, expected: str) -> None:
    assert cost_usd("claude-sonnet-4-5", usage) == Decimal(expected)


def test_thresholds_belong_to_their_model_and_day() -> None:
    assert cost_usd("claude-haiku-5-5", Usage(100_000, 0, 0, 0, 0)) == Decimal("0.01")
    assert cost_usd("claude-haiku-5-5", Usage(100_001, 0, 0, 0, 0)) == Decimal("0.0500005")
    assert cost_usd("claude-opus-4-5", Usage(900_000, 0, 0, 0, 0)) == Decimal("4.5")
    long_prompt = Usage(300_000, 0, 0, 0, 0)
    assert cost_usd("claude-sonnet-4", long_prompt, moment("2025-08-11T00:00:00")) == Decimal("0.9")
    assert cost_usd("claude-sonnet-4", long_prompt, moment("2025-08-12T00:00:00")) == Decimal("1.8")


@pytest.mark.parametrize(
    ("model", "times"),
    [("claude-opus-4-6", 6), ("claude-opus-4-7", 6), ("claude-opus-4-8", 2), ("claude-opus-5", 2)],
)
def test_fast_mode_multiplies_every_class(model: str, times: int) -> None:
    for usage in MILLION_OF_EACH.values():
        assert cost_usd(model, usage, fast=True) == times * cost_usd(model, usage)
    assert price(model, fast=True).price_id == f"{price(model).price_id}+fast"


def test_fast_mode_without_a_known_price_is_unpriced() -> None:
    assert default_price_book().rates("claude-haiku-4-5", MID_2026, fast=True) is None


def test_a_service_tier_changes_a_price_only_where_an_entry_says_so() -> None:
    assert price("claude-opus-4-5", service_tier="standard") == price("claude-opus-4-5")
    assert price("claude-opus-4-5", service_tier="priority") == price("claude-opus-4-5")
    assert cost_usd("claude-opus-4-5", MILLION_OF_EACH["output"], service_tier="batch") == Decimal("12.5")


def test_a_geography_changes_a_price_only_where_an_entry_says_so() -> None:
    assert price("claude-opus-4-6", inference_geo="not_available") == price("claude-opus-4-6")
    assert price("claude-opus-4-5", inference_geo="us") == price("claude-opus-4-5")
    assert cost_usd("claude-opus-4-6", MILLION_OF_EACH["input"], inference_geo="us") == Decimal("5.5")


def test_web_searches_are_charged_by_the_request_and_never_multiplied() -> None:
    searches = Usage(0, 0, 0, 0, 0, web_search_requests=3)
    assert cost_usd("claude-opus-4-8", searches) == Decimal("0.03")
    assert cost_usd("claude-opus-4-8", searches, fast=True) == Decimal("0.03")


def test_searches_whose_price_is_unknown_leave_the_response_unpriced() -> None:
    book = default_price_book()
    assert book.cost_nano_usd("claude-3-opus", MID_2026, Usage(1, 1, 0, 0, 0, 1)) is None
    assert book.cost_nano_usd("claude-3-opus", MID_2026, Usage(1, 1, 0, 0, 0, 0)) is not None


# Arithmetic


@given(claude_models, small_usages, small_usages)
def test_below_a_tier_costs_add_up(model: str, one: Usage, other: Usage) -> None:
    tokens = price(model).tokens
    assert tokens.cost_pico_usd(added(one, other)) == tokens.cost_pico_usd(one) + tokens.cost_pico_usd(other)


@given(claude_models, usages)
def test_a_cost_is_a_whole_number_that_is_not_negative(model: str, usage: Usage) -> None:
    cost = default_price_book().cost_nano_usd(model, MID_2026, usage)
    assert type(cost) is int
    assert cost >= 0


@given(claude_models, usages, usages)
def test_more_usage_never_costs_less(model: str, usage: Usage, more: Usage) -> None:
    assert cost_usd(model, added(usage, more)) >= cost_usd(model, usage)


@given(st.integers(0, 10**18))
def test_rounding_is_half_to_even(pico: int) -> None:
    assert round_to_nano(pico) == round(Fraction(pico, 1000))


@pytest.mark.parametrize(("pico", "nano"), [(499, 0), (500, 0), (501, 1), (1500, 2), (2500, 2), (3500, 4)])
def test_halves_go_to_the_even_neighbour(pico: int, nano: int) -> None:
    assert round_to_nano(pico) == nano


def test_a_cost_is_rounded_once_and_not_per_class() -> None:
    fifths = TokenRates(200, 200, 200, 200, 200)
    rates = Rates("test", fifths, (), None, None, "", "")
    assert rates.cost_nano_usd(Usage(1, 1, 1, 1, 1)) == 1


# The library behind our file


def library_cost(model: str, usage: Usage, at_ms: int) -> Decimal:
    """What the library itself computes; it wants cached tokens inside the input tokens."""
    from genai_prices import Usage as LibraryUsage
    from genai_prices import calc_price

    writes = usage.cache_creation_5m_tokens + usage.cache_creation_1h_tokens
    counted = LibraryUsage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=writes,
        cache_write_1h_tokens=usage.cache_creation_1h_tokens,
    )
    when = datetime.fromtimestamp(at_ms // 1000, UTC)
    return calc_price(counted, model, genai_request_timestamp=when).total_price


token_usages = st.builds(Usage, counts, counts, counts, counts, counts, st.just(0))


@given(
    st.sampled_from(
        [
            "gpt-5",
            "gpt-5-codex",
            "gpt-5.5",
            "gpt-5.6-sol",
            "o3",
            "gemini-2.5-pro",
            "deepseek-chat",
            "deepseek-v4-pro",
        ]
    ),
    st.integers(moment("2025-01-01T00:00:00"), moment("2026-12-31T00:00:00")),
    token_usages,
)
def test_a_library_model_costs_what_the_library_says(model: str, at_ms: int, usage: Usage) -> None:
    assert cost_usd(model, usage, at_ms) == round(library_cost(model, usage, at_ms), 9)


@given(
    st.sampled_from(
        [
            "claude-3-5-haiku-latest",
            "claude-3-7-sonnet-20250219",
            "claude-opus-4-20250514",
            "claude-opus-4-6",
            "claude-sonnet-4-5-20250929",
            "claude-sonnet-4-6",
            "claude-sonnet-5-5",
            "claude-haiku-5-5",
            "claude-fable-5-2",
        ]
    ),
    st.integers(moment("2025-01-01T00:00:00"), moment("2026-12-31T00:00:00")),
    token_usages,
)
def test_our_own_figures_agree_with_the_library(model: str, at_ms: int, usage: Usage) -> None:
    assert cost_usd(model, usage, at_ms) == round(library_cost(model, usage, at_ms), 9)


def test_every_claude_model_of_the_library_has_the_same_figures_here() -> None:
    """Sonnet 4 alone differs: the library does not keep the long-context price of its beta."""
    from genai_prices.data import providers

    models = next(provider.models for provider in providers if provider.id == "anthropic")
    names = [model.id for model in models if model.id != "claude-sonnet-4-0"]
    assert len(names) > 20
    for name in names:
        for usage in (Usage(9, 1000, 70_000, 800, 500), Usage(1, 1000, 190_000, 9000, 9000)):
            for at_ms in (moment("2026-03-12T00:00:00"), moment("2026-03-13T00:00:00")):
                assert cost_usd(name, usage, at_ms) == round(library_cost(name, usage, at_ms), 9), name


def test_hours_of_the_day_have_their_own_price() -> None:
    book = default_price_book()
    dear, cheap = (
        book.rates("deepseek-chat", moment(f"2026-07-01T{hour}:00")) for hour in ("16:29", "16:30")
    )
    assert dear is not None
    assert cheap is not None
    assert dear.tokens.input > cheap.tokens.input
    assert dear.price_id != cheap.price_id


def test_fast_mode_of_a_library_model_is_priced_only_if_the_library_prices_it() -> None:
    late = moment("2026-11-01T00:00:00")
    assert price("gpt-5.5", late, fast=True).tokens.output == 75_000_000
    assert default_price_book().rates("gpt-5.5", moment("2026-10-11T00:00:00"), fast=True) is None


def test_the_library_is_loaded_only_for_a_model_we_do_not_price() -> None:
    script = """
import sys
from sessions.parsers.pricing import default_price_book
book = default_price_book()
assert book.rates("claude-opus-4-5", 0) is not None
assert book.rates("<synthetic>", 0) is None
assert "genai_prices" not in sys.modules and "django" not in sys.modules
assert book.rates("gpt-5", 0) is not None
assert "genai_prices" in sys.modules
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_book_without_the_library_knows_only_its_files() -> None:
    assert PriceBook([], use_library=False).rates("gpt-5", MID_2026) is None


def test_asking_again_gives_the_very_same_rates() -> None:
    book = default_price_book()
    assert book.rates("claude-opus-4-5", MID_2026) is book.rates("claude-opus-4-5", MID_2026 + 1)
    assert book.rates("gpt-5", MID_2026) is book.rates("gpt-5", MID_2026 + 1)


def test_many_strange_names_do_not_fill_the_memory() -> None:
    book = PriceBook([], use_library=False)
    for number in range(5000):
        assert book.rates(f"odd-{number}", MID_2026) is None
    assert len(book._timelines) <= 4096
