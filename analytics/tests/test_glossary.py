from pathlib import Path

import pytest

from analytics.metrics import DIMENSIONS, LEGACY_METRIC_NAMES, METRICS

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its two head lines."""
    section = GLOSSARY.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("id", METRICS)
def test_every_metric_is_defined_as_in_the_catalogue(id: str) -> None:
    metric = METRICS[id]
    expected = [f"`{id}`", metric.label, metric.unit, metric.kind, metric.description]
    assert expected in rows("Metrics")


def test_nothing_else_is_called_a_metric_or_dimension() -> None:
    assert [row[0].strip("`") for row in rows("Metrics")] == list(METRICS)
    assert rows("Dimensions") == [
        [f"`{each.id}`", each.label, each.description] for each in DIMENSIONS.values()
    ]


def test_legacy_names_are_explained() -> None:
    for legacy, id in LEGACY_METRIC_NAMES.items():
        assert f"`{legacy}` for `{id}`" in GLOSSARY
