"""`manage.py deliver`: send what alerts have to say, once."""

import sys
from typing import Any

from alerts.delivery import deliver
from alerts.models import Delivery
from telemetry_site.commands import SentenceCommand
from telemetry_site.launch import stopping_signals


class Command(SentenceCommand):
    help = (
        "Send everything that is due on the channels of alerts. `watch` and `up` do this by themselves. Exit code 1 "
        "when a receiver did not take a message; it is tried again later."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with stopping_signals() as stopping:
            report = deliver(stop=stopping.is_set)
        waiting = Delivery.objects.waiting().count()
        self.stdout.write(f"Sent {report.sent:,} messages, {report.failed:,} failed, {waiting:,} rows wait.")
        if report.failed:
            sys.exit(1)
