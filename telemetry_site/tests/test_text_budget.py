"""Whatever text a stranger wrote, reading and rendering it takes work in proportion to its length.

Work is counted, in steps of expressions and in lines of the program, and not timed. Times are printed by
`python -m benchmarks.hostile_texts`.
"""

import re
from functools import partial

import pytest

from telemetry_site.tests.length import times
from telemetry_site.tests.lines_run import lines_run
from telemetry_site.tests.pattern_steps import TooMany, steps
from telemetry_site.tests.patterns import GIVEN_AT_MOST, attacks, every_pattern, is_tried_anywhere
from telemetry_site.tests.text_targets import PIECES, TARGETS, hostile_texts

# Of an expression, for each character of a text of so many: one that takes the square of them has no chance.
STEPS, CHARS = 40, times(120, long=2000)
# Of a parser or renderer: the square of its text would be millions.
MOST_LINES, TEXT_CHARS = 1_000_000, 1000
EVERY = times(5, long=1)


def test_no_expression_takes_the_square_of_a_text() -> None:
    expressions = every_pattern()
    assert len(expressions) > 150
    slow = []
    for where, pattern in expressions.items():
        for text in attacks(pattern, CHARS) if where not in GIVEN_AT_MOST else ():
            try:
                steps(pattern, text, STEPS * CHARS, anywhere=is_tried_anywhere(where))
            except TooMany:
                slow.append((where, text[:40]))
                break
    assert slow == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\s+#.*$", " " * CHARS),
        (r"<a>\s*(.{1,200}?)\s*</a>", "<a>" + " " * CHARS),
        (r"(?:[\w.-]*/)+\w+!", "a/" * CHARS),
        (r"(a+)+b", "a" * 40),
    ],
)
def test_the_count_tells_expressions_that_do(pattern: str, text: str) -> None:
    with pytest.raises(TooMany):
        steps(re.compile(pattern), text, STEPS * CHARS)


@pytest.mark.parametrize(
    ("pattern", "text", "least"),
    [("a*b", "aaab", 4), (r"(?i)X(?:y|z)*?$", "xyzyz", 5), (rb"[^a]\b", b"ba", 2)],
)
def test_steps_are_those_of_a_match(pattern: str, text: str, least: int) -> None:
    assert least <= steps(re.compile(pattern), text, 1000) < 60


@pytest.mark.parametrize("name", TARGETS)
def test_no_parser_or_renderer_takes_the_square_of_a_text(name: str) -> None:
    texts = list(hostile_texts(TEXT_CHARS))[sum(map(ord, name)) % EVERY :: EVERY]
    ran = {made_of: lines_run(partial(TARGETS[name], text)) for made_of, text in texts}
    assert {made_of: lines for made_of, lines in ran.items() if lines > MOST_LINES} == {}
    assert len(PIECES) > 100
