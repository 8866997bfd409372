"""The colours of `static/css/tokens.css`, measured: contrast by WCAG 2.2, charts by simulated colour blindness."""

from __future__ import annotations

import re
from itertools import combinations
from math import dist
from pathlib import Path

import pytest

from sessions.exporting.file_style import SHEETS

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
THEMES = ("light", "dark")
STATES = ("ok", "warning", "error", "info", "demo")

RGB = tuple[float, float, float]
# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
VISION: dict[str, tuple[RGB, RGB, RGB]] = {
    "typical": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
}


def colours(theme: str) -> dict[str, RGB]:
    """Every colour token as linear RGB."""
    found = PAIR.findall((CSS / "tokens.css").read_text(encoding="utf-8"))
    return {name: linear(light if theme == "light" else dark) for name, light, dark in found}


def linear(written: str) -> RGB:
    red, green, blue = (int(written[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return (gamma(red), gamma(green), gamma(blue))


def gamma(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def contrast(first: RGB, second: RGB) -> float:
    darker, lighter = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (first, second)
    )
    return (lighter + 0.05) / (darker + 0.05)


def seen(colour: RGB, vision: str) -> RGB:
    """A colour as that eye sees it, in OKLab, where distance is close to difference."""
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, colour, strict=True)))) for row in VISION[vision]
    )
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short,
    )


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["page", "surface", "surface-sunken", "surface-hover"])
@pytest.mark.parametrize("ink", ["text", "text-muted", "accent", "accent-hover", *STATES])
def test_text_is_legible_on_every_ground(theme: str, ground: str, ink: str) -> None:
    palette = colours(theme)
    assert contrast(palette[ink], palette[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", [*STATES, "accent"])
def test_text_of_a_state_is_legible_on_its_tint(theme: str, state: str) -> None:
    palette = colours(theme)
    assert contrast(palette[state], palette[f"{state}-soft"]) >= 4.5
    assert contrast(palette["text"], palette[f"{state}-soft"]) >= 7


@pytest.mark.parametrize("theme", THEMES)
def test_controls_and_focus_stand_out(theme: str) -> None:
    palette = colours(theme)
    assert contrast(palette["on-accent"], palette["accent"]) >= 4.5
    for ground in ("page", "surface"):
        assert contrast(palette["line-control"], palette[ground]) >= 3
        assert contrast(palette["accent"], palette[ground]) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("number", range(1, 9))
def test_chart_colours_stand_out_from_a_card(theme: str, number: int) -> None:
    palette = colours(theme)
    assert contrast(palette[f"chart-{number}"], palette["surface"]) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_chart_colours_stay_apart(theme: str, vision: str) -> None:
    """0.09 is the least distance in the palette of Okabe and Ito, the usual yardstick."""
    palette = colours(theme)
    series = [seen(palette[f"chart-{number}"], vision) for number in range(1, 9)]
    assert min(dist(first, second) for first, second in combinations(series, 2)) >= 0.09


@pytest.mark.parametrize("sheet", sorted(CSS.glob("*.css")), ids=lambda sheet: sheet.name)
def test_sheets_use_only_tokens_that_exist(sheet: Path) -> None:
    """A property set in the same sheet is a token too: grids carry their own column width."""
    tokens = set(re.findall(r"(--[\w-]+):", (CSS / "tokens.css").read_text(encoding="utf-8")))
    text = sheet.read_text(encoding="utf-8")
    assert set(re.findall(r"var\((--[\w-]+)", text)) <= tokens | set(re.findall(r"(--[\w-]+):", text))


def test_every_sheet_is_linked() -> None:
    templates = (CSS.parents[1] / "templates").rglob("*.html")
    links = " ".join(template.read_text(encoding="utf-8") for template in templates)
    carried = {f"{name}.css" for name in SHEETS}  # by files that leave, which link to nothing
    linked = set(re.findall(r"css/([\w-]+\.css)", links))
    assert linked | carried == {sheet.name for sheet in CSS.glob("*.css")}
    assert carried - linked == {"session_file.css"}
