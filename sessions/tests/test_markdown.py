import re

import pytest

from sessions.markdown import MAX_CHARS, MAX_MARKS, render


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**so** `x`", "<p><strong>so</strong> <code>x</code></p>"),
        ("# Title", "<h3>Title</h3>"),
        ("a\nb", "<p>a<br>\nb</p>"),
        ("<b>raw</b>", "<p>&lt;b&gt;raw&lt;/b&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](/logout)", '<p><a rel="noopener noreferrer nofollow">x</a></p>'),
        ("[x](//evil.example)", '<p><a rel="noopener noreferrer nofollow">x</a></p>'),
    ],
)
def test_markdown_becomes_harmless_html(text: str, html: str) -> None:
    assert render(text).strip() == html


def test_links_lead_outside_and_tell_nothing() -> None:
    html = render("[x](https://example.org/a)")
    assert 'href="https://example.org/a"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_images_are_links_and_never_loaded() -> None:
    html = render("![secret](https://example.org/pixel.png)")
    assert "<img" not in html
    assert 'href="https://example.org/pixel.png"' in html


def test_long_texts_are_plain() -> None:
    html = render("**x** <b>" + "y" * MAX_CHARS)
    assert html.startswith('<div class="plain-text">**x** &lt;b&gt;y')


@pytest.mark.parametrize("piece", ["![", "> ", "* ", "[a](", "**a", "|a", "`", "<a ", "[\n"])
def test_texts_of_marks_alone_are_plain(piece: str) -> None:
    """What parsing takes for each mark is counted by `test_text_budget.py`."""
    assert "plain-text" not in render(piece * 1000)
    assert "plain-text" in render(piece * (MAX_MARKS + 1))


def test_half_a_character_is_none() -> None:
    assert render("a\ud800b").strip() == "<p>a?b</p>"


def test_no_level_of_headings_is_skipped() -> None:
    html = render("### a\n\n# b\n\n###### c\n\n## d\n")
    assert re.findall(r"<h(\d)>", html) == re.findall(r"</h(\d)>", html) == ["3", "3", "4", "4"]
