"""The icon of a tool says whether it reads or changes."""

import pytest

from sessions.templatetags.transcript import tool_icon


@pytest.mark.parametrize(
    ("category", "name", "icon"),
    [
        ("file", "Read", "file"),
        ("file", "Edit", "edit"),
        ("file", "Write", "edit"),
        ("shell", "Bash", "terminal"),
        ("of another time", "", "tool"),
    ],
)
def test_reading_and_changing_a_file_look_different(category: str, name: str, icon: str) -> None:
    assert tool_icon(category, name) == icon
