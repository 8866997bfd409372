"""The browser libraries in `static/vendor` are exactly the published files, with their licences."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
LIBRARIES: list[dict[str, Any]] = json.loads((VENDOR / "VERSIONS.json").read_text(encoding="utf-8"))
DESCRIPTIONS = {"README.md", "VERSIONS.json"}


def integrity(path: Path) -> str:
    """The SHA-384 of a file, in the notation of Subresource Integrity."""
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])
def test_files_have_the_recorded_digests(library: dict[str, Any]) -> None:
    assert {name: integrity(VENDOR / name) for name in library["files"]} == library["files"]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])
def test_licence_text_is_kept_beside_the_code(library: dict[str, Any]) -> None:
    licences = [name for name in library["files"] if name.endswith("LICENSE.txt")]
    assert licences
    assert "permission" in (VENDOR / licences[0]).read_text(encoding="utf-8").lower()


def test_nothing_is_vendored_without_a_record() -> None:
    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    recorded = {name for library in LIBRARIES for name in library["files"]}
    assert present - DESCRIPTIONS == recorded


def test_chart_library_names_its_own_version() -> None:
    chart = next(library for library in LIBRARIES if library["name"] == "Chart.js")
    head = (VENDOR / "chartjs" / "chart.umd.min.js").read_text(encoding="utf-8")[:200]
    assert f"v{chart['version']}" in head


def test_source_map_that_hashed_storage_follows_is_present() -> None:
    script = VENDOR / "chartjs" / "chart.umd.min.js"
    name = script.read_text(encoding="utf-8").rsplit("sourceMappingURL=", 1)[1].strip()
    assert (script.parent / name).is_file()
