"""Numbers in templates carry their exact value, and what is unknown is no number."""

from decimal import Decimal

import pytest

from analytics import formatting
from telemetry_site.templatetags.figures import figure


def test_a_figure_is_short_and_exact() -> None:
    shown = figure(1234567, "tokens")
    assert 'value="1234567"' in shown
    assert 'title="1\u202f234\u202f567\xa0tokens"' in shown
    assert f">{formatting.tokens(1234567)}</data>" in shown
    assert 'value="0.004656"' in figure(Decimal("0.004656"), "USD")


def test_unknown_is_not_zero() -> None:
    assert "unpriced" in figure(None, "USD")
    assert "–" in figure(None, "percent")
    assert "value=" not in figure(None, "count")


def test_an_unknown_unit_fails_at_once() -> None:
    with pytest.raises(ValueError, match="furlongs"):
        figure(1, "furlongs")
