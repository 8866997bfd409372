"""A few sessions in the test database, read from transcripts through the real pipeline."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analytics.forms import Asked
from analytics.period_parameters import Preset
from analytics.periods import Period
from sessions.tests import samples
from telemetry_site import pipeline

DAY = 86_400
# Three weeks after the samples begin: the last 30 days hold them.
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def read(folder: Path, *files: tuple[str, Iterable[dict[str, Any]]]) -> None:
    """Write each (relative path, records) below `folder` and read it."""
    samples.write(folder, {path: samples.lines(records) for path, records in files})
    pipeline.sync([folder], now=NOW)


def working_session(
    name: str = "a", day: int = 0, *, folder: str = samples.FOLDER, **more: Any
) -> tuple[str, Any]:
    """A session of one prompt, two responses, one call that works and one that fails."""
    start = day * DAY
    return samples.main_path(name, folder), [
        samples.prompt(f"{name}-ask", start, name, text=f"Work on {name}"),
        samples.reply(
            f"{name}-1", start + 5, name, output=100, blocks=[samples.call(f"toolu_{name}_1")], **more
        ),
        samples.answer(f"{name}-2", start + 7, f"toolu_{name}_1", name),
        samples.reply(
            f"{name}-3", start + 9, name, output=50, blocks=[samples.call(f"toolu_{name}_2", "Edit")], **more
        ),
        samples.answer(f"{name}-4", start + 10, f"toolu_{name}_2", name, is_error=True),
    ]


def asked(period: Period, **more: Any) -> Asked:
    """What a reader who chose the dates of a period asks for."""
    return Asked(period, None, is_default=False, **more)


def by_default(period: Period) -> Asked:
    """What a reader who chose nothing asks for."""
    return Asked(period, Preset.THIRTY_DAYS, is_default=True)
