"""`manage.py watch`: read what is new in the transcripts, and go on as they grow."""

from typing import Any

from telemetry_site.alert_loop import alerting
from telemetry_site.commands import SentenceCommand
from telemetry_site.launch import stopping_signals
from telemetry_site.reading_loop import keep_reading, read_once


class Command(SentenceCommand):
    help = (
        "Read the transcripts and whatever is added to them, until Ctrl-C. `manage.py up` does this as well."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with stopping_signals() as stopping, alerting():
            read_once(self.stdout.write, stopping.is_set)
            keep_reading(self.stdout.write, stopping.is_set, stopping.wait)
        self.stdout.write("Stopped; everything read so far is saved.")
