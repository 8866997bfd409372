"""Every parser and renderer bears what is made of the texts it is for; and what breaks one is found."""

import random

from benchmarks.fuzz import Fuzzer, main
from telemetry_site.tests.length import times


def test_nothing_breaks_a_parser_or_renderer() -> None:
    assert main(["--inputs", str(times(400, long=5_000))]) == 0


def test_what_breaks_one_is_found_by_going_on_from_what_reached_more() -> None:
    def target(text: str) -> None:
        if "<" in text:
            count = text.count("<a")
            if count > 3:
                raise LookupError("deep inside")

    fuzzer = Fuzzer(target, ["<", "a", "b", "c", "d"], random.Random(1), ["x"])
    fuzzer.run(lambda at: at.tried > 20_000 or bool(at.findings))
    (found,) = fuzzer.findings.values()
    assert found.said.startswith("LookupError") and found.text.count("<a") > 3
