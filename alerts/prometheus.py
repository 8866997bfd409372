"""How alerts stand at the moment of a scrape."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from alerts.models import AlertInstance, Channel, Delivery
from analytics.prometheus.registry import PREFIX, Scrape


def alert_families(scrape: Scrape) -> Iterator[Metric]:
    """Instances of rules by state; for who may see every project also what is to be sent, and what fails."""
    family = GaugeMetricFamily(
        f"{PREFIX}alert_instances", "Groups that alert rules follow, by state.", labels=["severity", "state"]
    )
    for severity, state, count in AlertInstance.objects.readable(scrape.projects).counts_by_state():
        family.add_metric([severity, state], count)
    yield family
    if scrape.projects is None:
        yield _deliveries()
        failing = Channel.objects.filter(consecutive_failures__gt=0).count()
        text = "Channels whose last message was not taken."
        yield GaugeMetricFamily(f"{PREFIX}alert_channels_failing", text, value=failing)


def _deliveries() -> Metric:
    text = "What alerts had to tell, by kind of channel and how it went."
    family = GaugeMetricFamily(f"{PREFIX}alert_deliveries", text, labels=["channel", "state"])
    for kind, state, count in Delivery.objects.counts_by_state():
        family.add_metric([kind, state], count)
    return family
