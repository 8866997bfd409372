"""What a scrape says, as a mapping from samples to values."""

from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from analytics.prometheus.exposition import expose
from analytics.prometheus.registry import PREFIX, Scrape
from sessions.scope import Projects

Sample = tuple[str, frozenset[tuple[str, str]]]


def scrape(projects: Projects = None) -> dict[Sample, float]:
    """Every sample of a scrape now; names without the prefix. Fails where one is told twice."""
    text = expose(Scrape(timezone.now(), projects)).body.decode()
    return samples_of(text)


def samples_of(text: str) -> dict[Sample, float]:
    found: dict[Sample, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name.removeprefix(PREFIX), frozenset(sample.labels.items())
            assert key not in found, f"{key} is told twice"
            found[key] = sample.value
    return found


def counters_of(samples: dict[Sample, float]) -> dict[Sample, float]:
    """Those that may never fall."""
    ends = ("_total", "_bucket", "_count", "_sum")
    return {key: value for key, value in samples.items() if key[0].endswith(ends)}


def value(name: str, /, **labels: str) -> float | None:
    """One sample of a scrape now; None where it is not told."""
    return scrape().get((name, frozenset(labels.items())))


def total(name: str, /, **labels: str) -> float:
    """The sum over all samples of a name that have these labels."""
    wanted = set(labels.items())
    return sum(n for (found, told), n in scrape().items() if found == name and wanted <= told)
