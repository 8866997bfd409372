"""Which version of the program runs on what."""

import platform
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import django
from prometheus_client import Metric
from prometheus_client.core import InfoMetricFamily

from analytics.prometheus.registry import PREFIX, Scrape

PROJECT_FILE = Path(__file__).resolve().parent.parent / "pyproject.toml"


@cache
def version() -> str:
    """The program's own version."""
    return str(tomllib.loads(PROJECT_FILE.read_text(encoding="utf-8"))["project"]["version"])


def build_families(_: Scrape) -> Iterator[Metric]:
    """A constant that carries versions as labels."""
    versions = {"version": version(), "python": platform.python_version(), "django": django.__version__}
    yield InfoMetricFamily(f"{PREFIX}build", "Versions of the program and what it runs on.", versions)
