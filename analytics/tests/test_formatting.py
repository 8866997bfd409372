from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.formatting import (
    MINUS,
    SPACE,
    THIN_SPACE,
    UNKNOWN,
    UNPRICED,
    Figure,
    ago,
    change,
    count,
    duration,
    figure,
    money,
    percentage,
    tokens,
)
from analytics.metrics import Unit

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
numbers = st.integers(-(10**15), 10**15) | st.decimals(-(10**9), 10**9, places=9) | st.floats(-1e12, 1e12)


def plain(figure: Figure) -> tuple[str, str]:
    """Text and exact value with ordinary spaces, thin ones as underscores."""
    text, exact = (part.replace(SPACE, " ").replace(THIN_SPACE, "_") for part in (figure.text, figure.exact))
    return text, exact


@pytest.mark.parametrize(
    ("value", "text", "exact"),
    [
        (0, "0", "0 tokens"),
        (950, "950", "950 tokens"),
        (9_999, "9_999", "9_999 tokens"),
        (10_000, "10 k", "10_000 tokens"),
        (12_345, "12.3 k", "12_345 tokens"),
        (999_949, "999.9 k", "999_949 tokens"),
        (999_950, "1 M", "999_950 tokens"),
        (1_234_567, "1.23 M", "1_234_567 tokens"),
        (1_200_000, "1.2 M", "1_200_000 tokens"),
        (2_500_000_000, "2.5 B", "2_500_000_000 tokens"),
        (-1_200_000, f"{MINUS}1.2 M", f"{MINUS}1_200_000 tokens"),
        (2.5, "2.5", "2.5 tokens"),
    ],
)
def test_tokens(value: float, text: str, exact: str) -> None:
    assert plain(tokens(value)) == (text, exact)


@pytest.mark.parametrize(
    ("value", "text", "exact"),
    [
        ("0", "$0.00", "$0"),
        ("3.412345", "$3.41", "$3.412345"),
        ("3.415", "$3.42", "$3.415"),
        ("0.0042", "$0.0042", "$0.0042"),
        ("0.1", "$0.10", "$0.1"),
        ("0.00001", "<$0.0001", "$0.00001"),
        ("1234.5", "$1_234.50", "$1_234.5"),
        ("12345.67", "$12_346", "$12_345.67"),
        ("-3.4", f"{MINUS}$3.40", f"{MINUS}$3.4"),
    ],
)
def test_money(value: str, text: str, exact: str) -> None:
    assert plain(money(Decimal(value))) == (text, exact)


@pytest.mark.parametrize(
    ("ms", "text", "exact"),
    [
        (0, "0 ms", "0 ms"),
        (850, "850 ms", "850 ms"),
        (999.6, "1 s", "999.6 ms"),
        (12_500, "12.5 s", "12.5 s"),
        (59_960, "1 min", "59.96 s"),
        (59_999.6, "1 min", "1 min"),
        (60_000, "1 min", "1 min"),
        (3_599_000, "1 h", "59 min 59 s"),
        (7_523_412, "2 h 5 min", "2 h 5 min 23.412 s"),
        (360_000_000, "100 h", "100 h"),
        (4_000_000_000, "1_111 h 7 min", "1_111 h 6 min 40 s"),
    ],
)
def test_duration(ms: float, text: str, exact: str) -> None:
    assert plain(duration(ms)) == (text, exact)


@pytest.mark.parametrize(
    ("value", "text", "exact"),
    [
        (0, "0 %", "0 %"),
        (0.02, "<0.1 %", "0.02 %"),
        (75.0, "75 %", "75 %"),
        (75.25, "75.3 %", "75.25 %"),
        (99.97, ">99.9 %", "99.97 %"),
        (100, "100 %", "100 %"),
    ],
)
def test_percentage(value: float, text: str, exact: str) -> None:
    assert plain(percentage(value)) == (text, exact)


@pytest.mark.parametrize(
    ("current", "previous", "text"),
    [
        (112, 100, "+12 %"),
        (90, 120, f"{MINUS}25 %"),
        (5, 5, "0 %"),
        (Decimal("1.0000001"), 1, "+<0.1 %"),
        (300, 100, "+200 %"),
        (0, 3, f"{MINUS}100 %"),
        (Decimal("2.5"), Decimal("2"), "+25 %"),
    ],
)
def test_change(current: Decimal, previous: Decimal, text: str) -> None:
    assert plain(change(current, previous))[0] == text


def test_change_against_nothing_is_unknown() -> None:
    assert change(5, 0) == change(5, None) == change(None, 5) == UNKNOWN


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=3, seconds=50), "3 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (timedelta(days=59), "1 month ago"),
        (timedelta(days=364), "12 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(seconds=-30), "just now"),
        (timedelta(minutes=-3), "in 3 min"),
    ],
)
def test_ago(age: timedelta, text: str) -> None:
    assert plain(ago(NOW - age, NOW))[0] == text


def test_ago_is_exact_in_utc() -> None:
    moment = datetime.fromisoformat("2026-03-10T14:00:05+02:00")
    assert ago(moment, NOW).exact == "2026-03-10 12:00:05 UTC"


def test_counts_are_grouped_and_keep_decimals_of_averages() -> None:
    assert plain(count(1_234_567)) == ("1_234_567", "1_234_567")
    assert plain(count(2 / 3)) == ("0.67", "0.6666666666666666")


def test_unknown_is_a_dash_and_a_missing_price_says_so() -> None:
    assert tokens(None) == count(None) == percentage(None) == duration(None) == ago(None, NOW) == UNKNOWN
    assert (str(UNKNOWN), str(money(None))) == ("–", "unpriced")
    assert money(None) == UNPRICED


@pytest.mark.parametrize("unit", Unit)
class TestEveryUnit:
    def test_has_a_format_and_a_dash(self, unit: Unit) -> None:
        assert figure(None, unit) == UNKNOWN
        assert "1" in figure(1, unit).text

    @given(value=numbers)
    def test_shows_no_number_as_nothing_unless_it_is(self, unit: Unit, value: Decimal) -> None:
        shown = figure(value, unit)
        assert "E" not in shown.exact and "-" not in shown.exact
        assert any(digit in shown.exact for digit in "123456789") == (value != 0)


def test_seconds_and_milliseconds_agree() -> None:
    assert figure(7_523, Unit.SECONDS) == figure(7_523_000, Unit.MILLISECONDS)
