"""The house rules of CONTRIBUTING.md, held by reading the source instead of by remembering."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Who may import whom: an app may import those to its right, never to its left.
LAYERS = ["telemetry_site", "alerts", "analytics", "tasks", "sessions"]

# Importable without Django, so that what they say can be tested and reused without a database.
PURE = [
    "sessions/cards/",
    "sessions/parsers/",
    "tasks/parsers/",
    "tasks/matching/",
    "analytics/metric_words.py",
    "analytics/metrics.py",
    "analytics/periods.py",
    "analytics/charts.py",
    "analytics/formatting.py",
    "alerts/baselines.py",
    "alerts/conditions.py",
    "alerts/definition.py",
    "alerts/projection.py",
    "alerts/replay.py",
    "alerts/states.py",
    "alerts/validation.py",
    "alerts/windows.py",
]
FRAMEWORKS = {"django", "rest_framework", "drf_spectacular", "django_htmx"}

AGGREGATES = {"Sum", "Count", "Avg", "Max", "Min", "StdDev", "Variance", "StringAgg"}
VAGUE_NAMES = {"utils", "util", "services", "service", "tasks", "helpers", "helper", "core", "common", "misc"}

FUNCTION_LINES = 60
MODULE_LINES = 400
TEST_LINES = 600
TEMPLATE_LINES = 150


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def modules(*, tests: bool = True, migrations: bool = False) -> Iterator[Path]:
    """Every Python file of the apps, in order."""
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            parts = path.relative_to(ROOT).parts
            if ("tests" in parts and not tests) or ("migrations" in parts and not migrations):
                continue
            yield path


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted module) of every import, wherever in the file it stands; relative ones made absolute."""
    package = list(path.relative_to(ROOT).parts[:-1])
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


@cache
def is_pure(path: str) -> bool:
    return any(path == pure or (pure.endswith("/") and path.startswith(pure)) for pure in PURE)


@cache
def file_of(dotted: str) -> str | None:
    """The project file an import loads; None for other packages. `a.b.name` may be a name in `a/b.py`."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        if path.with_suffix(".py").is_file():
            return name_of(path.with_suffix(".py"))
        if (path / "__init__.py").is_file():
            return name_of(path / "__init__.py")
    return None


def test_imports_never_go_up() -> None:
    upward = [
        f"{name_of(path)}:{line} imports {target}"
        for path in modules(tests=False)
        for line, target in imports(path)
        if (top := target.split(".")[0]) in LAYERS
        and LAYERS.index(top) < LAYERS.index(path.relative_to(ROOT).parts[0])
    ]
    assert upward == []


def test_pure_modules_know_no_framework() -> None:
    impure = [
        f"{name_of(path)}:{line} imports {target}"
        for path in modules(tests=False)
        if is_pure(name_of(path))
        for line, target in imports(path)
        if target.split(".")[0] in FRAMEWORKS
    ]
    assert impure == []


def test_pure_modules_import_only_pure_modules() -> None:
    impure = [
        f"{name_of(path)}:{line} imports {target}"
        for path in modules(tests=False)
        if is_pure(name_of(path))
        for line, target in imports(path)
        if target.split(".")[0] in LAYERS and (found := file_of(target)) and not is_pure(found)
    ]
    assert impure == []


def test_packages_on_the_way_to_pure_modules_are_empty() -> None:
    """`import sessions.parsers.lines` runs `sessions/__init__.py` first: it must not bring Django along."""
    assert [
        app for app in LAYERS[1:] if (ROOT / app / "__init__.py").read_text(encoding="utf-8").strip()
    ] == []


def aggregates_in(path: Path) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.db.models"):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [node.attr] if node.value.id in ("models", "functions") else []
        else:
            continue
        for name in names:
            if name in AGGREGATES or name.startswith("Trunc"):
                yield f"{name_of(path)}:{node.lineno} uses {name}"


def test_aggregates_live_in_querysets() -> None:
    elsewhere = [
        use
        for path in modules(tests=False)
        if path.name != "querysets.py" and path.parent.name != "querysets"
        for use in aggregates_in(path)
    ]
    assert elsewhere == []


def test_module_names_say_what_is_inside() -> None:
    named = [path for path in modules(migrations=True) if path.name != "__init__.py"]
    packages = {path.parent for path in named if path.parent != ROOT / "tasks"}
    vague = [name_of(path) for path in named if path.stem in VAGUE_NAMES]
    assert vague + [name_of(package) for package in packages if package.name in VAGUE_NAMES] == []


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{name_of(path)}:{node.lineno} {node.name} has {length} lines"
        for path in modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert long == []


def test_modules_stay_readable() -> None:
    long = []
    for path in modules():
        limit = TEST_LINES if "tests" in path.parts else MODULE_LINES
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > limit:
            long.append(f"{name_of(path)} has {lines} lines, at most {limit} are wanted")
    assert long == []


def test_templates_stay_readable() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in templates()}
    assert {name: length for name, length in lengths.items() if length > TEMPLATE_LINES} == {}


INLINE = {
    "a script": re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*type=[\"']application/json[\"'])", re.IGNORECASE),
    "a style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>{]*\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>{]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"=[\"']\s*javascript:", re.IGNORECASE),
}


def test_templates_have_nothing_inline() -> None:
    """The content security policy refuses inline code, so it would silently do nothing in the browser."""
    found = [
        f"{name_of(path)} has {what}: {match.group(0)[:60]!r}"
        for path in templates()
        for what, pattern in INLINE.items()
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


FILES = "templates/sessions/file/"


def test_only_files_carry_a_style_inside() -> None:
    """A file is read without the server and has its style with it; a page's policy would refuse it."""
    users = [
        name_of(path)
        for path in templates()
        if re.search(r"\b(inline_style|session_file)\b", path.read_text(encoding="utf-8"))
    ]
    assert [name for name in users if not name.startswith(FILES)] == []
    pages = [path for path in templates() if not name_of(path).startswith(FILES)]
    including = [name_of(path) for path in pages if "sessions/file/" in path.read_text(encoding="utf-8")]
    assert including == []


PARTIAL = re.compile(r"{%\s*partialdef\s+([\w-]+)\s+inline\s*%}(.*?){%\s*endpartialdef", re.DOTALL)


def test_inline_partials_are_named_like_the_element_they_replace() -> None:
    """`{% partialdef results inline %}` holds `id="results"`: one name for view, template, target and test."""
    unnamed = [
        f'{name_of(path)}: partial {name} has no id="{name}"'
        for path in templates()
        for name, body in PARTIAL.findall(path.read_text(encoding="utf-8"))
        if f'id="{name}"' not in body
    ]
    assert unnamed == []


SETTING = re.compile(r"\b(?:TELEMETRY_[A-Z_]+[A-Z]|DATABASE_URL|CLAUDE_CONFIG_DIR)\b")
READ_SETTING = re.compile(r"os\.environ,\s*\"([A-Z_]+)\"")


def read_settings() -> set[str]:
    """Variables the program reads: by `env` in settings.py, and CLAUDE_CONFIG_DIR by discovery."""
    return {
        "CLAUDE_CONFIG_DIR",
        *READ_SETTING.findall((ROOT / "telemetry_site/settings.py").read_text("utf-8")),
    }


def test_every_setting_is_documented() -> None:
    documented = set(SETTING.findall((ROOT / "docs/operations.md").read_text(encoding="utf-8")))
    assert read_settings() - documented == set()


def test_every_documented_setting_exists() -> None:
    known = read_settings() | {"TELEMETRY_CORPUS"}
    for page in ("README.md", "docs/operations.md"):
        assert set(SETTING.findall((ROOT / page).read_text(encoding="utf-8"))) - known == set(), page


def test_lock_files_name_no_registry() -> None:
    """An address in a lock file ties every installation to one mirror."""
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert re.findall(r"https?://\S+|--find-links.*|--(?:extra-)?index.*|\bfile:.*", text) == [], lock
        assert "--hash=sha256:" in text
