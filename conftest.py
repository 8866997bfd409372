"""What every test module shares: the corpus, the browser, and no skipping where everything must be there."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from playwright.sync_api import expect

if TYPE_CHECKING:
    from alerts.tests.receiver import Receiver

# Playwright keeps an event loop in the thread that also uses the ORM; Django would refuse the ORM there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

pytest_plugins = ["telemetry_site.tests.filled", "telemetry_site.tests.rounds"]

# Nothing is told by how long it takes, least of all where the tests share the machine with others.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
expect.set_options(timeout=30_000)

ROOT = Path(__file__).resolve().parent
CHROMIUM = "/usr/bin/chromium"
# What costs every window a process or two of its own: suggestions under an address bar, drawn beforehand, and a spare
# process for the next address. Then what Playwright leaves out itself, which a second list would bring back.
WITHOUT = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "SpareRendererForSitePerProcess",
    "AimEnabled",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(WITHOUT)}",
]


def corpus_folder() -> Path:
    """Where the corpus of real transcripts is, if it is anywhere: beside the project or at TELEMETRY_CORPUS."""
    return Path(os.environ.get("TELEMETRY_CORPUS") or ROOT.parent / "shared" / "corpus")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder with `claude/`, `truth.json` and `expected_usage.json`; skips where it is absent."""
    folder = corpus_folder()
    if not folder.is_dir():
        pytest.skip(f"corpus: no folder {folder}; TELEMETRY_CORPUS may name another")
    return folder


# What thousands of tests are made of stays to the end: nobody need look through it for cycles again and again.
gc.set_threshold(20_000, 20, 20)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "corpus" in getattr(item, "fixturenames", ()):
            item.add_marker("corpus")


@pytest.fixture(autouse=True)
def no_run_of_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that asks every route of the API must not start runs that read the developer's own transcripts."""

    def refuse(*command: object, **options: object) -> None:
        raise AssertionError(f"A test started {command} with {options}.")

    monkeypatch.setattr("telemetry_site.sync_request.Popen", refuse)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A receiver of webhooks on this machine, to which alerts may be sent."""
    from alerts.tests.receiver import receiving

    settings.TELEMETRY_ALERT_HOSTS = ["127.0.0.1"]
    with receiving() as found:
        yield found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a missing tool is a failure: a suite that skips what it cannot run says nothing."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and must_not_skip(item):
        report.outcome = "failed"
        report.longrepr = (
            f"Skipped under CI, where everything must run: {call.excinfo and call.excinfo.value}"
        )
    return report


def must_not_skip(item: pytest.Item) -> bool:
    if os.environ.get("CI", "").lower() not in ("1", "true"):
        return False
    return item.get_closest_marker("corpus") is None or corpus_folder().is_dir()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium where it is installed, else the one Playwright downloaded."""
    found = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    program = {"executable_path": found} if found else {}
    return {**browser_type_launch_args, **program, "args": CHROMIUM_ARGUMENTS}
