"""Whether the figures are whole: prices, search, and what alerts said."""

from collections.abc import Iterator

from alerts.models import Delivery
from sessions.models import ModelResponse
from sessions.parsers.model_names import display_model
from sessions.prices_in_use import price_book
from sessions.search.filling import is_to_be_filled
from telemetry_site.doctor.findings import Finding, error, number, warning

MODELS_SHOWN = 5


def prices() -> Iterator[Finding]:
    try:
        price_book()
    except ValueError as trouble:
        yield error("prices", str(trouble), "Nothing is read before TELEMETRY_PRICES can be used.")
    rows = list(ModelResponse.objects.counted().unpriced_by_model())
    if rows:
        names = ", ".join(display_model(row["model"], row["fast"]) for row in rows[:MODELS_SHOWN])
        told = f"No price is known for {number(len(rows), 'model')}, whose costs are unknown: {names}."
        yield warning(
            "prices", told, "TELEMETRY_PRICES names a file with prices; `manage.py reprice` applies it."
        )


def search() -> Iterator[Finding]:
    if is_to_be_filled():
        yield warning(
            "search", "Not everything that was read can be found yet.", "`manage.py sync` fills the index."
        )


def deliveries() -> Iterator[Finding]:
    dead = Delivery.objects.filter(state=Delivery.State.DEAD)
    if count := dead.count():
        last = dead.order_by("-id").values_list("last_error", flat=True).first()
        told = f"{number(count, 'message')} of alerts could not be sent: {str(last).rstrip('.')}."
        yield warning("alerts", told, "The channels' page shows them and sends them again.")
