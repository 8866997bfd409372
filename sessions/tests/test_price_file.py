"""A price file is read to the last digit, and a wrong one is refused with a sentence that helps."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sessions.parsers.price_file import Conditions, read_price_file

BOOK = """
[book]
name = "house"
source = "our contract"
version = "3"
"""
PRICES = """
input = 2
output = 10.5
cache_write_5m = 2.5
cache_write_1h = 4
cache_read = 0.025
"""
ENTRY = f'[[price]]\nmodels = ["acme-1"]\n{PRICES}'


def write(folder: Path, text: str) -> Path:
    path = folder / "house.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    path = write(folder, text)
    with pytest.raises(ValueError, match=r"^The price file ") as caught:
        read_price_file(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def test_an_entry_is_read_exactly(tmp_path: Path) -> None:
    (entry,) = read_price_file(
        write(tmp_path, BOOK + ENTRY + "effective_from = 2026-03-13\nweb_search = 0.01\n")
    )
    assert entry.models == ("acme-1",)
    assert entry.prices == tuple(map(Decimal, ("2", "10.5", "0.025", "2.5", "4")))
    assert entry.effective_from == date(2026, 3, 13)
    assert (entry.source, entry.version) == ("our contract", "3")
    rates = entry.rates(Conditions())
    assert rates is not None
    assert rates.price_id == "house:acme-1@2026-03-13"
    assert rates.tokens.input == 2_000_000
    assert rates.tokens.output == 10_500_000
    assert rates.tokens.cache_read == 25_000
    assert rates.tokens.cache_creation_5m == 2_500_000
    assert rates.tokens.cache_creation_1h == 4_000_000
    assert rates.web_search == 10**10


def test_an_entry_may_name_its_own_source(tmp_path: Path) -> None:
    (entry,) = read_price_file(write(tmp_path, BOOK + ENTRY + 'source = "letter of May"\nversion = "4"\n'))
    assert (entry.source, entry.version) == ("letter of May", "4")


def test_multipliers_multiply_each_other_and_both_tiers(tmp_path: Path) -> None:
    conditions = """
fast_multiplier = 6
regional_multiplier = 1.1
service_tier_multipliers = { batch = 0.5 }
inference_geo_multipliers = { us = 1.1 }
"""
    tier = "[price.long_context]\nabove = 1000\n" + PRICES.replace("input = 2\n", "input = 4\n")
    (entry,) = read_price_file(write(tmp_path, BOOK + ENTRY + conditions + tier))
    rates = entry.rates(Conditions(fast=True, service_tier="batch", inference_geo="us", regional=True))
    assert rates is not None
    assert rates.tokens.input == 7_260_000
    assert rates.long_context[0][0] == 1000
    assert rates.long_context[0][1].input == 14_520_000
    assert rates.price_id == "house:acme-1@start+fast+batch+geo=us+regional"


def test_conditions_without_an_entry_change_nothing(tmp_path: Path) -> None:
    (entry,) = read_price_file(write(tmp_path, BOOK + ENTRY))
    odd = Conditions(service_tier="priority", inference_geo="mars", regional=True)
    assert entry.rates(odd) == entry.rates(Conditions())


def test_fast_mode_without_a_price_has_none(tmp_path: Path) -> None:
    (entry,) = read_price_file(write(tmp_path, BOOK + ENTRY))
    assert entry.rates(Conditions(fast=True)) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (BOOK + ENTRY.replace("input = 2\n", ""), "input is missing"),
        (BOOK + ENTRY.replace("input = 2\n", "input = -2\n"), "input must be a number that is not negative"),
        (BOOK + ENTRY.replace("input = 2\n", 'input = "2"\n'), "input must be a number"),
        (BOOK + ENTRY.replace("input = 2\n", "input = true\n"), "input must be a number"),
        (BOOK + ENTRY.replace("input = 2\n", "input = nan\n"), "input must be a number that is not negative"),
        (BOOK + ENTRY.replace("input = 2\n", "input = inf\n"), "input must be a number that is not negative"),
        (BOOK + ENTRY.replace("input = 2\n", "input = 0.0000001\n"), "not a whole number of pico-dollars"),
        (BOOK + ENTRY + "fast_multiplier = 0.3333333\n", "times 0.3333333"),
        (BOOK + ENTRY + "web_search = 0.0000000000001\n", "web_search"),
        (BOOK + ENTRY + "inputs = 3\n", "a key that is not known: inputs"),
        (BOOK + ENTRY + 'effective_from = "2026-03-13"\n', "effective_from must be a day"),
        (BOOK + ENTRY + "effective_from = 2026-03-13T00:00:00Z\n", "effective_from must be a day"),
        (BOOK + ENTRY + "long_context = 200000\n", "long_context must be a table"),
        (BOOK + ENTRY + f"[price.long_context]\nabove = 0\n{PRICES}", "long_context.above must be"),
        (BOOK + ENTRY + "[price.long_context]\nabove = 5\n", "input is missing"),
        (BOOK + ENTRY + "service_tier_multipliers = 0.5\n", "service_tier_multipliers must be a table"),
        (BOOK + ENTRY.replace('["acme-1"]', '"acme-1"'), "models must be a list"),
        (BOOK + ENTRY.replace('["acme-1"]', "[]"), "models must be a list"),
        (BOOK + ENTRY.replace('["acme-1"]', '["-*"]'), "a name"),
        (BOOK + ENTRY.replace('["acme-1"]', '["ac*me"]'), "may only stand at the end"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    sentence = refusal(tmp_path, text)
    assert "[[price]] number 1" in sentence
    assert complaint in sentence


def test_the_wrong_entry_is_told_from_the_right_ones(tmp_path: Path) -> None:
    second = ENTRY.replace("acme-1", "acme-2").replace("output = 10.5\n", "")
    assert "[[price]] number 2 (acme-2): output is missing" in refusal(tmp_path, BOOK + ENTRY + second)


def test_one_day_has_one_price(tmp_path: Path) -> None:
    assert "number 2 (acme-1): it repeats" in refusal(tmp_path, BOOK + ENTRY + ENTRY)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no [book] table"),
        ('[book]\nname = "x"\nsource = "y"\n', "version must be a text"),
        (BOOK + "[prices]\n", "a key that is not known: prices"),
        (BOOK + "[price]\n", "must be written as [[price]] tables"),
        ("price = [", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaint in refusal(tmp_path, text)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent\.toml cannot be read: No such file"):
        read_price_file(tmp_path / "absent.toml")


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not valid TOML"):
        read_price_file(path)


def test_the_documented_example_is_a_price_file(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "formats" / "price-book.md"
    example = page.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    contract, coder = read_price_file(write(tmp_path, example))
    assert contract.models == ("claude-opus-4-8",)
    assert coder.long_context is not None
    assert coder.long_context[0] == 200_000
