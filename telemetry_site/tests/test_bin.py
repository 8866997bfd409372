"""bin/up and bin/test find a Python that works, on machines where the first one named python3 does not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEW = f'#!/bin/sh\nexec {sys.executable} "$@"\n'
# What pyenv's shim does for a version that is installed but not selected.
SHIM = "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"
OLD = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A home and a PATH with the ordinary tools but no Python at all."""
    (tmp_path / "bin").mkdir()
    for tool in ("cat", "cksum", "sh", "dirname"):
        found = next(Path(folder) / tool for folder in ("/bin", "/usr/bin") if (Path(folder) / tool).exists())
        (tmp_path / "bin" / tool).symlink_to(found)
    (tmp_path / ".python-version").write_text("3.13\n")
    return tmp_path


def install(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)


def find_python(machine: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": str(machine / "bin"), "HOME": str(machine)} | variables
    return subprocess.run(
        ["/bin/sh", "-c", f". {ROOT}/bin/python.sh; find_python"],
        cwd=machine,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_python3_is_taken_when_it_is_new_enough(machine: Path) -> None:
    install(machine / "bin/python3", NEW)
    assert find_python(machine).stdout == "python3\n"


def test_an_old_python3_is_passed_over(machine: Path) -> None:
    install(machine / "bin/python3", OLD)
    install(machine / "bin/python3.12", NEW)
    assert find_python(machine).stdout == "python3.12\n"


def test_a_shim_that_only_answers_127_is_passed_over(machine: Path) -> None:
    install(machine / "bin/python3", OLD)
    install(machine / "bin/python3.13", SHIM)
    install(machine / "bin/python3.12", SHIM)
    install(machine / ".pyenv/versions/3.12.1/bin/python", NEW)
    done = find_python(machine)
    assert done.stdout == f"{machine}/.pyenv/versions/3.12.1/bin/python\n"
    assert done.stderr == ""


def test_the_version_of_the_project_goes_before_others_of_pyenv(machine: Path) -> None:
    install(machine / "other/versions/3.12.1/bin/python", NEW)
    install(machine / "other/versions/3.13.0/bin/python", NEW)
    assert find_python(machine, PYENV_ROOT=f"{machine}/other").stdout.endswith("/3.13.0/bin/python\n")


def test_without_any_python_there_is_one_sentence(machine: Path) -> None:
    install(machine / "bin/python3", OLD)
    install(machine / "bin/python3.13", SHIM)
    done = find_python(machine)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "needs Python 3.12 or newer" in done.stderr


def ready_venv(machine: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", f"set -eu; . {ROOT}/bin/python.sh; ready_venv requirements.lock || exit 1"],
        cwd=machine,
        env={"PATH": str(machine / "bin"), "HOME": str(machine)},
        capture_output=True,
        text=True,
        check=False,
    )


# Stands for .venv/bin/python: good enough to be found, and pip leaves a line for every call.
RECORDING = f"""#!/bin/sh
case "$*" in
*pip*) echo "$*" >> installed; test ! -e broken ;;
*) exec {sys.executable} "$@" ;;
esac
"""


def test_packages_are_installed_when_the_lock_changes_and_only_then(machine: Path) -> None:
    install(machine / ".venv/bin/python", RECORDING)
    lock = machine / "requirements.lock"
    calls = []
    for content in ("one", "one", "two", "two"):
        lock.write_text(content)
        assert ready_venv(machine).returncode == 0
        calls.append(len((machine / "installed").read_text().splitlines()))
    assert calls == [1, 1, 2, 2]
    assert "--require-hashes -r requirements.lock" in (machine / "installed").read_text()


def test_a_failed_installation_is_tried_again(machine: Path) -> None:
    install(machine / ".venv/bin/python", RECORDING)
    (machine / "requirements.lock").write_text("one")
    (machine / "broken").touch()
    assert ready_venv(machine).returncode == 1
    (machine / "broken").unlink()
    assert ready_venv(machine).returncode == 0
    assert len((machine / "installed").read_text().splitlines()) == 2


@pytest.mark.parametrize("script", ["bin/up", "bin/test", ".ci/run"])
def test_scripts_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


def test_every_option_that_is_documented_is_one() -> None:
    documented = "".join((ROOT / name).read_text() for name in ("CONTRIBUTING.md", "docs/reliability.md"))
    named = set(re.findall(r"bin/test (--\w+)", documented))
    said = (ROOT / "bin/test").read_text().splitlines()
    does = "\n".join(line for line in said if not line.startswith("#"))
    assert "--long" in named and "export TEST_LONG=1" in does
    assert [option for option in named if option not in does] == []
