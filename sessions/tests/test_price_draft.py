"""A draft of a price file is a price file as soon as its question marks are figures, and none before."""

from pathlib import Path

import pytest

from sessions.parsers.price_file import read_price_file
from sessions.price_draft import price_draft

NAMES = ["crumb-preview-0", 'odd "name" \\ é', "crumb-preview-0", ""]


def test_a_filled_draft_prices_the_models_it_was_made_for(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(price_draft(NAMES, with_book=True).replace(" ?", " 1.5"), "utf-8")
    assert [entry.models for entry in read_price_file(file)] == [(NAMES[0],), (NAMES[1],)]


def test_a_draft_with_a_question_mark_left_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(price_draft(NAMES, with_book=True), "utf-8")
    with pytest.raises(ValueError, match=r"prices\.toml"):
        read_price_file(file)


def test_entries_alone_are_for_a_file_that_has_its_book() -> None:
    assert "[book]" not in price_draft(NAMES, with_book=False)
