"""`manage.py demo`: an invented project to look at, and its removal."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from telemetry_site import pipeline
from telemetry_site.commands import SentenceCommand
from telemetry_site.demo import write_demo


class Command(SentenceCommand):
    help = (
        "Write an invented project with 90 days of sessions and read it like any other. "
        "An earlier demo is replaced; --remove only takes it out again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="another number invents another history")
        parser.add_argument(
            "--remove", action="store_true", help="delete the demo and all that was read from it"
        )

    def handle(self, *args: Any, seed: int, remove: bool, **options: Any) -> None:
        folder = Path(settings.TELEMETRY_DATA_DIR) / "demo"
        if folder.exists() or remove:
            pipeline.remove_source_root(folder)
            shutil.rmtree(folder, ignore_errors=True)
        if remove:
            self.stdout.write("The demo is removed.")
            return
        now = timezone.now()
        written = write_demo(folder, seed=seed, now=now)
        pipeline.sync(roots=[folder / "claude"], now=now)
        self.stdout.write(
            f"Demo of {written.sessions} sessions in {folder}. Take it out with: manage.py demo --remove"
        )
