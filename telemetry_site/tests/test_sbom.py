"""The list of components that is checked in is that of the lock file and of the vendored files."""

import json
from pathlib import Path
from typing import Any

from telemetry_site.sbom import document, licence_of, locked

CHECKED_IN: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "sbom.cdx.json").read_text(encoding="utf-8")
)


def without_licences(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Which packages are installed, and so tell their licence, differs from one system to another."""
    return [{k: v for k, v in each.items() if k != "licenses"} for each in found["components"]]


def test_the_list_is_of_what_is_locked_and_vendored() -> None:
    assert without_licences(CHECKED_IN) == without_licences(document())
    names = {each["name"] for each in CHECKED_IN["components"]}
    assert {"django", "htmx", "Chart.js"} <= names
    assert locked().keys() <= names


def test_every_installed_package_states_its_licence() -> None:
    listed = {each["name"]: each.get("licenses") for each in CHECKED_IN["components"]}
    for name in locked():
        if said := licence_of(name):
            assert listed[name] == [{"license": {"name": said}}]
    unknown = {name for name, licences in listed.items() if not licences}
    assert unknown <= {"httpx2-jsfetch", "tzdata"}, unknown
