"""Trees of plan files for tests: the samples beside this module, copied to where a test may change them."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tasks.discovery import survey_plans
from tasks.ingest import PlansTally, ingest_plans
from tasks.models import PlanRoot
from tasks.parsers.assembly import assemble
from tasks.parsers.documents import PlanFile
from tasks.parsers.layouts.registry import is_plan_name, layouts_of
from tasks.parsers.records import ParsedDocument, PlanTree
from tasks.roots import add_manual_root

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def copied(sample: str, folder: Path) -> Path:
    """A sample tree below a folder, named after the sample."""
    return Path(shutil.copytree(SAMPLES / sample, folder / sample))


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def progress_file(*tasks: str, **front: str) -> str:
    """A progress file with tasks, each `id status [more: yaml]`."""
    lines = [f"{key}: {value}" for key, value in front.items()]
    for task in tasks:
        task_id, status, *more = task.split(" ", 2)
        lines += [
            f"- id: {task_id}",
            f"  title: Do {task_id}",
            f"  status: {status}",
            *(f"  {m}" for m in more),
        ]
    listed = lines.index(lines[len(front)]) if tasks else len(lines)
    return "\n".join(
        ["---", *lines[:listed], *(["tasks:"] if tasks else []), *lines[listed:], "---", "# Work"]
    )


def add(folder: Path, project: str = "") -> PlanRoot:
    return add_manual_root(str(folder), project)


def sync(now: datetime = NOW) -> PlansTally:
    return ingest_plans(survey_plans(now), now)


def parsed(folder: Path) -> list[ParsedDocument]:
    """Every plan under a folder as its layout reads it, without a database."""
    paths = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if is_plan_name(p.name))
    layouts = layouts_of(paths)
    return [layouts[path].parse(PlanFile(path, (folder / path).read_bytes())) for path in paths]


def tree(folder: Path, count_checklists: str = "auto") -> PlanTree:
    return assemble(parsed(folder), count_checklists)
