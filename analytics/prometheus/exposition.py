"""A scrape as text, in the format the scraper prefers of those there are."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as as_openmetrics

from analytics.prometheus.registry import Scrape, families

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Exposition(NamedTuple):
    """The bytes of an answer and their content type."""

    body: bytes
    content_type: str


def expose(scrape: Scrape, accept: str = "") -> Exposition:
    """All families of a scrape. Raises DatabaseError when any of them cannot be told."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(list(families(scrape))))
    if prefers_openmetrics(accept):
        return Exposition(as_openmetrics(registry), OPENMETRICS)
    return Exposition(generate_latest(registry), TEXT)


class _Collected:
    """Families that were asked for already, as a registry wants them."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return iter(self._metrics)


def prefers_openmetrics(accept: str) -> bool:
    """Whether an Accept header rates OpenMetrics 1.0 above the text format; without a word on either, it does not."""
    ratings = {"openmetrics": 0.0, "text": 0.0}
    for entry in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in entry.split(";"))
        told = dict(part.split("=", 1) for part in parameters if "=" in part)
        name = _FORMATS.get(kind, lambda _: "")(told.get("version", "").strip('"'))
        if name:
            ratings[name] = max(ratings[name], _quality(told.get("q", "1")))
    return ratings["openmetrics"] > 0 and ratings["openmetrics"] >= ratings["text"]


# What an entry of the header asks for, by its version; "" for what there is not.
_FORMATS: dict[str, Callable[[str], str]] = {
    "application/openmetrics-text": lambda version: "openmetrics" if version in ("", "1.0.0") else "",
    "text/plain": lambda version: "text" if version in ("", "0.0.4") else "",
}


def _quality(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
