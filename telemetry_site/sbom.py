"""The list of what Agent Ledger is made of, for those who check software before they run it (CycloneDX 1.6 JSON).

    python -m telemetry_site.sbom > docs/sbom.cdx.json

Made of the lock file (packages, versions, digests), the licences that the installed packages state, and the record of
the files vendored for the browser. Packages that are locked for other systems only state no licence here.
"""

import base64
import json
import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK, VENDORED = ROOT / "requirements.lock", ROOT / "static" / "vendor" / "VERSIONS.json"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_CLASSIFIED = "License :: OSI Approved :: "


def document() -> dict[str, Any]:
    """The whole list. The same files give the same list: it has no date and no number of its own."""
    components = [*_packages(), *_vendored()]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "agent-ledger", "bom-ref": "agent-ledger"}},
        "components": components,
    }


def locked() -> dict[str, str]:
    """{package: version} of the lock file."""
    return dict(_PINNED.findall(LOCK.read_text(encoding="utf-8")))


def _packages() -> list[dict[str, Any]]:
    return [_package(name, version) for name, version in sorted(locked().items())]


def _package(name: str, version: str) -> dict[str, Any]:
    address = f"pkg:pypi/{name.lower()}@{version}"
    found = {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address}
    return found | _licences(licence_of(name))


def licence_of(package: str) -> str:
    """What an installed package says its licence is; "" where it is not installed or says nothing short."""
    try:
        told = metadata(package)
    except PackageNotFoundError:
        return ""
    classified = [
        line.removeprefix(_CLASSIFIED)
        for line in told.get_all("Classifier") or []
        if line.startswith(_CLASSIFIED)
    ]
    said = told.get("License-Expression") or " or ".join(classified) or told.get("License") or ""
    return said if len(said) < 100 and "\n" not in said else ""


def _vendored() -> list[dict[str, Any]]:
    return [_library(library) for library in json.loads(VENDORED.read_text(encoding="utf-8"))]


def _library(library: dict[str, Any]) -> dict[str, Any]:
    address = f"pkg:npm/{library['package']}@{library['version']}"
    files = [
        {"type": "file", "name": name, "hashes": [{"alg": "SHA-384", "content": _hexadecimal(digest)}]}
        for name, digest in sorted(library["files"].items())
    ]
    found = {"type": "library", "bom-ref": address, "name": library["name"], "version": library["version"]}
    return found | {"purl": address, "components": files} | _licences(library["licence"])


def _hexadecimal(integrity: str) -> str:
    return base64.b64decode(integrity.removeprefix("sha384-")).hex()


def _licences(said: str) -> dict[str, Any]:
    return {"licenses": [{"license": {"name": said}}]} if said else {}


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
