"""How things stand at the moment of a scrape: plans, reading, what has no price, the size of the database."""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from analytics.freshness import freshness
from analytics.label_values import ShownValues
from analytics.models import SessionUsage
from analytics.prometheus.registry import PREFIX, Scrape
from analytics.prometheus.sizes import database_sizes
from sessions.models import QuarantinedLine, SyncRun
from sessions.scope import in_projects
from tasks.models import Feature, ProjectTask


def work(scrape: Scrape) -> Iterator[Metric]:
    """Tasks and features of plans by their state."""
    shown = ShownValues("project")
    mine = in_projects(scrape.projects)
    tasks = ProjectTask.objects.present().filter(mine).status_counts_by_project()
    yield _by_state("tasks", "Tasks that stand in plans, by state.", tasks, shown)
    features = Feature.objects.present().filter(mine).status_counts_by_project()
    yield _by_state("features", "Features that plans speak of, by state.", features, shown)


def _by_state(name: str, text: str, counts: dict[tuple[str, str], int], shown: ShownValues) -> Metric:
    sums: dict[tuple[str, str], int] = {}
    for (slug, state), count in counts.items():
        key = shown(slug), state
        sums[key] = sums.get(key, 0) + count
    family = GaugeMetricFamily(PREFIX + name, text, labels=["project", "state"])
    for key, count in sums.items():
        family.add_metric(key, count)
    return family


def prices(scrape: Scrape) -> Iterator[Metric]:
    """What no cost includes."""
    tokens = SessionUsage.objects.of_projects(scrape.projects).unpriced_by_model()
    shown = ShownValues("model")
    sums: dict[str, int] = {}
    for model, count in tokens.items():
        sums[shown(model)] = sums.get(shown(model), 0) + count
    text = "Tokens of all types whose model has no known price now; no cost includes them."
    family = GaugeMetricFamily(f"{PREFIX}unpriced_tokens", text, labels=["model"])
    for model, count in sums.items():
        family.add_metric([model], count)
    yield family
    yield _gauge("unpriced_models", "Models that answered and have no known price now.", len(tokens))


def reading(scrape: Scrape) -> Iterator[Metric]:
    """How the reading itself stands. Of the whole database: whoever may see some projects only is told nothing."""
    if scrape.projects is not None:
        return
    family = GaugeMetricFamily(
        f"{PREFIX}ingest_quarantined_lines",
        "Lines that could not be understood and are set aside, by reason.",
        labels=["reason"],
    )
    for reason, count in QuarantinedLine.objects.by_reason():
        family.add_metric([reason], count)
    yield family
    yield from _last_run()
    yield from _freshness(scrape.now)
    yield from _sizes()


def _last_run() -> Iterator[Metric]:
    done = SyncRun.objects.filter(state=SyncRun.State.DONE, finished_at__isnull=False).first()
    read_at = done.finished_at if done else None
    text = (
        "When the last sync run that found something new ended well; runs that find nothing leave no trace."
    )
    yield _moment("ingest_last_success_timestamp_seconds", text, read_at)
    seconds = done.report.get("seconds") if done else None
    yield _gauge("ingest_sync_duration_seconds", "How long that run took.", seconds)


def _freshness(now: datetime) -> Iterator[Metric]:
    known = freshness(now)
    read_at, until = known.read_at, known.data_until
    yield _moment("data_until_timestamp_seconds", "When the newest record that was read happened.", until)
    text = "How long after the newest record the last sync run ended that found something new."
    lag = max(0.0, (read_at - until).total_seconds()) if read_at and until else None
    yield _gauge("ingest_lag_seconds", text, lag)


def _sizes() -> Iterator[Metric]:
    sizes = database_sizes(connection)
    yield _gauge("db_size_bytes", "Size of the database.", sizes.database)
    yield _gauge("wal_size_bytes", "Size of the write-ahead log beside an SQLite database.", sizes.log)


def _moment(name: str, text: str, at: datetime | None) -> Metric:
    return _gauge(name, text, at.timestamp() if at else None)


def _gauge(name: str, text: str, value: float | None) -> Metric:
    """A family of one sample; of none where the value is not known."""
    family = GaugeMetricFamily(PREFIX + name, text)
    if value is not None:
        family.add_metric([], value)
    return family
