"""A scrape as text, in the format the scraper prefers of those there are."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from prometheus_client import Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as as_openmetrics
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from analytics.prometheus.registry import Scrape, families

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
END = b"# EOF\n"
# The text format writes these behind all others of their family.
_REORDERED = ("_created", "_gsum", "_gcount")
Write = Callable[[Any], bytes]


class WrittenMetric(Metric):
    """A family whose samples are lines already: of thousands, most are as they were at the last scrape."""

    def __init__(self, name: str, documentation: str, typ: str, lines: list[str]) -> None:
        super().__init__(name, documentation, typ)
        self.lines = lines


class Exposition(NamedTuple):
    """The bytes of an answer and their content type."""

    body: bytes
    content_type: str


def expose(scrape: Scrape, accept: str = "") -> Exposition:
    """All families of a scrape. Raises DatabaseError when any of them cannot be told."""
    if prefers_openmetrics(accept):
        return Exposition(as_text(families(scrape), as_openmetrics) + END, OPENMETRICS)
    return Exposition(as_text(families(scrape), generate_latest), TEXT)


def as_text(metrics: Iterable[Metric], write: Write) -> bytes:
    """Families as prometheus_client writes them, byte for byte but for the end of a file, in a third of its time.

    It looks at every sample's name and labels letter by letter. Ours are plain and the same in all of a family; those
    that are not (exemplars, moments, native histograms) are left to it.
    """
    escaped = _Escaped()
    parts: list[bytes] = []
    for metric in metrics:
        if isinstance(metric, WrittenMetric):
            parts.append(write(_Collected([_without_samples(metric)])).removesuffix(END))
            parts.append("".join(metric.lines).encode())
            continue
        plain = all(map(_is_plain, metric.samples))
        head = write(_Collected([_without_samples(metric) if plain else metric]))
        parts.append(head.removesuffix(END))
        if plain:
            parts.append("".join(_lines(metric.samples, escaped)).encode())
    return b"".join(parts)


def _is_plain(sample: Sample) -> bool:
    return not (
        sample.timestamp or sample.exemplar or sample.native_histogram or sample.name.endswith(_REORDERED)
    )


def _without_samples(metric: Metric) -> Metric:
    return Metric(metric.name, metric.documentation, metric.type, metric.unit)


def _lines(samples: Iterable[Sample], escaped: "_Escaped") -> Iterator[str]:
    for name, labels, value, *_ in samples:
        pairs = ",".join([f'{label}="{escaped[labels[label]]}"' for label in sorted(labels)])
        yield (
            f"{name}{{{pairs}}} {floatToGoString(value)}\n" if pairs else f"{name} {floatToGoString(value)}\n"
        )


def label_pairs(labels: Mapping[str, str]) -> str:
    """Labels as they stand in a line, between the braces."""
    return ",".join(f'{label}="{_escape(labels[label])}"' for label in sorted(labels))


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


class _Escaped(dict[str, str]):
    """{value of a label: as it is written}; thousands of samples have the same few."""

    def __missing__(self, value: str) -> str:
        self[value] = _escape(value)
        return self[value]


class _Collected:
    """Families that were asked for already, as the library wants them."""

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
