"""Counting this server's own answers for Prometheus, over all of its worker processes.

Workers share counters through files in the folder that PROMETHEUS_MULTIPROC_DIR names, which `gunicorn_config` makes
when the server starts: they begin at 0 with every start. Without it (tests, `runserver`) this process counts alone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter

import prometheus_client
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from analytics.prometheus.registry import PREFIX, Scrape

logger = logging.getLogger(__name__)

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

prometheus_client.disable_created_metrics()
OF_THIS_PROCESS = CollectorRegistry()
REQUESTS = Counter(
    f"{PREFIX}http_requests_total",
    "Answers of this server since it started, by route and class of the status.",
    ["view", "code"],
    registry=OF_THIS_PROCESS,
)
DURATIONS = Histogram(
    f"{PREFIX}http_request_duration_seconds",
    "How long this server took until it began to answer.",
    ["view"],
    buckets=BOUNDS,
    registry=OF_THIS_PROCESS,
)


class HttpMetrics:
    """Stands before everything, so that refusals are counted, too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        response = self.get_response(request)
        count(view_of(request), response.status_code, perf_counter() - started)
        return response


def count(view: str, status: int, seconds: float) -> None:
    """Count an answer. That it cannot be counted, for instance on a full disk, is no reason not to give it."""
    try:
        ready_shared_folder()
        REQUESTS.labels(view, f"{status // 100}xx").inc()
        DURATIONS.labels(view).observe(seconds)
    except OSError:
        logger.exception("An answer could not be counted")


def ready_shared_folder() -> None:
    """Make the folder again when something that tidies temporary files took it; counters then begin anew."""
    if folder := os.environ.get(SHARED_FOLDER):
        Path(folder).mkdir(mode=0o700, exist_ok=True)


def view_of(request: HttpRequest) -> str:
    """The route that answered, never the address that was asked for: there is no end of addresses."""
    if request.resolver_match is None:
        return "(no route)"  # static files, refusals and whatever does not exist
    return "/" + request.resolver_match.route.removesuffix("/")


def http_families(scrape: Scrape) -> Iterable[Metric]:
    """What all workers counted. Of the whole server: whoever may see some projects only is told nothing."""
    if scrape.projects is not None:
        return []
    if not os.environ.get(SHARED_FOLDER):
        return list(OF_THIS_PROCESS.collect())
    ready_shared_folder()
    shared = CollectorRegistry()
    MultiProcessCollector(shared)
    return sorted(shared.collect(), key=lambda family: family.name)
