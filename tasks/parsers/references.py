"""What plan files call each other: slugs, paths, kinds of documents, and the fields that point elsewhere."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from tasks.parsers.records import References

MAX_VALUES = 500
_MAX_WALKED = 20_000
_VERSION = re.compile(r"-v(\d+(?:[.-]\d+)*)$")
_NOT_SLUG = re.compile(r"[^a-z0-9._-]+")
_PHASE_STEM = re.compile(r"^phases?[-_ ]?(\d+(?:[._]\d+)?(?:-\d+(?:\.\d+)?)?)", re.I)
_PHASE_TEXT = re.compile(r"^(?:phase[-_ ]*)?(\d+(?:\.\d+)*)$", re.I)
_PATH = re.compile(r"^[\w./@+~-]*\w$")
_COMMIT = re.compile(r"\b[0-9a-f]{7,40}\b", re.I)
_PULL = re.compile(r"(?:^|#|/pull/|\bPR[ #-]*)(\d{1,7})\b", re.I)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GENERIC = _words(
    """
    all all-phases archive bugs completion-report context deployment docs document documents
    enhancement enhancements feature features harden-polish idea ideas implementation_plans
    implementation-plans index metrics notes null none overview phase phases plan plans prd prds
    progress project_plans quality-gates quick-feature quick-features readme refactor refactors
    remediation remediations report reports requirements spec specs spike spikes status summary
    tasks todo data-structures
    """
)
_DOC_FOLDERS = frozenset(
    {"prds", "implementation_plans", "reports", "specs", "spikes", "ideas", "bugs", "progress"}
)
_FEATURE_FOLDERS = _words(
    """
    bug bugs enhancement enhancements feature features harden-polish quick-features refactor
    refactors remediation remediations
    """
)

_TYPES = {
    "prd": "prd product_requirements product_requirements_document requirements requirement",
    "implementation_plan": "implementation_plan plan plans implementation roadmap",
    "phase_plan": "phase_plan",
    "report": "report implementation_report status_report qa_report benchmark postmortem summary verification audit",
    "spec": "spec specification technical_spec api_spec design_spec design adr decision",
    "progress": "progress phase_progress progress_phase progress_all_phases quick_feature",
    "spike": "spike research",
    "document": "document doc docs note notes",
}
_TYPE_OF = {word: kind for kind, words in _TYPES.items() for word in words.split()}

_PATH_KEYS = """related related_documents related_specs related_prd parent_prd related_request_logs references reference
    links plan_ref prd_link source_document linked_docs source_docs sources artifacts related_features parent origin
    prd_ref superseded_by supersedes"""
_KEYS = {
    "prds": "prd prd_reference prd_ref related_prd parent_prd prd_link",
    "sessions": "session session_id sessionid sessions linked_sessions",
    "requests": "request_log request_log_id request_log_ids source_req source_request related_request "
    "related_request_logs",
    "commits": "commit commits git_commit git_commits git_commit_hash git_commit_hashes commit_refs commithash "
    "completed_commit commit_hash",
    "pull_requests": "prs pr pull_request pull_requests pr_refs",
    "files": "files files_modified files_affected files_created context_files file file_path key_files",
    "features": "feature feature_slug feature_ref feature_id feature_slug_hint linked_features related_features",
}
_KINDS = {kind: frozenset(keys.split()) for kind, keys in _KEYS.items()} | {
    "paths": frozenset(_PATH_KEYS.split())
}


def texts(value: Any, limit: int = MAX_VALUES) -> list[str]:
    """Every text and number in a value, through lists and mappings, in order and each once."""
    found: dict[str, None] = {}
    for item in _leaves(value):
        if item and len(found) < limit:
            found[item] = None
    return list(found)


def _leaves(value: Any) -> Iterator[str]:
    """Walked with a limit: aliases can make a small text large."""
    waiting, walked = [value], 0
    while waiting and walked < _MAX_WALKED:
        item = waiting.pop()
        walked += 1
        if isinstance(item, Mapping):
            waiting.extend(reversed(list(item.values())))
        elif isinstance(item, (list, tuple)):
            waiting.extend(reversed(item))
        elif isinstance(item, (str, int, float)) and not isinstance(item, bool):
            yield str(item).strip()[:1000]


def key_of(name: str) -> str:
    """A front matter key as it is compared: `Related-Documents` is `related_documents`."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def slug_of(text: str) -> str:
    """A name as a slug; `-v1-5` is the version `-v1.5`."""
    slug = _NOT_SLUG.sub("-", text.strip().lower()).strip("-._")
    return _VERSION.sub(lambda found: "-v" + found[1].replace("-", "."), slug)[:200]


def canonical_slug(slug: str) -> str:
    """A slug without its version."""
    return _VERSION.sub("", slug_of(slug))


def version_of(slug: str) -> str:
    """`1.5` of `name-v1.5`; "" where a slug has no version."""
    found = _VERSION.search(slug_of(slug))
    return found[1] if found else ""


def is_feature_like(slug: str) -> bool:
    """Whether a slug can name a feature, rather than a folder, a kind of document or a phase."""
    plain = slug_of(slug)
    return len(plain) >= 3 and plain not in _GENERIC and not _PHASE_STEM.match(plain) and not plain.isdigit()


def normal_path(text: str) -> str:
    """A path as documents cite it, relative to the project: slashes, no leading `/` or `./`, no fragment."""
    path = text.strip().strip("`\"'").replace("\\", "/").split("#", 1)[0]
    while path.startswith(("./", "/")):
        path = path[1:] if path.startswith("/") else path[2:]
    return path[:1000]


def cited_path(text: str, citing: str) -> str:
    """A path cited in a document, relative to the project; `../x.md` is meant from the citing document."""
    if text.strip().startswith(("../", "./")) or ("/" not in text and text.endswith(".md")):
        parts: list[str] = []
        for part in (*PurePosixPath(citing).parent.parts, *PurePosixPath(text.strip()).parts):
            if part == ".." and parts:
                parts.pop()
            elif part not in ("..", ".", ""):
                parts.append(part)
        return normal_path("/".join(parts))
    return normal_path(text)


def looks_like_path(text: str) -> bool:
    """Whether a text names a file: a Markdown name, or a plain path with a slash and an ending."""
    if not text or " " in text or "://" in text or not _PATH.match(text):
        return False
    return text.endswith(".md") or ("/" in text and bool(PurePosixPath(text).suffix))


def feature_of_path(path: str) -> str:
    """The slug of the feature a plan's path speaks of; "" where it names none.

    The folder after `progress`, else the name after `<kind of document>/<kind of feature>/`, else the file's own name.
    """
    parts = PurePosixPath(path).parts
    lower = [part.lower() for part in parts]
    folders, stem = lower[:-1], PurePosixPath(path).stem
    if "progress" in folders:
        at = folders.index("progress") + 1
        if at < len(folders) and folders[at] != "quick-features":
            return slug_of(parts[at])
        return slug_of(stem) if is_feature_like(stem) else ""
    for at, folder in enumerate(folders):
        if folder in _DOC_FOLDERS:
            rest = [n for n in range(at + 1, len(folders)) if folders[n] not in _FEATURE_FOLDERS]
            if rest and is_feature_like(folders[rest[0]]):
                return slug_of(parts[rest[0]])
    return slug_of(stem) if is_feature_like(stem) else ""


def doc_type_of(said: object, path: str) -> str:
    """What kind of document it is: what it says of itself where that is a known kind, else where it lies."""
    word = key_of(str(said)) if isinstance(said, str) else ""
    if known := _TYPE_OF.get(word):
        return known
    folders = [part.lower() for part in PurePosixPath(path).parts[:-1]]
    stem = PurePosixPath(path).stem.lower()
    by_folder = {
        "progress": "progress",
        "prds": "prd",
        "implementation_plans": "phase_plan" if stem.startswith("phase-") else "implementation_plan",
        "reports": "report",
        "specs": "spec",
        "spec": "spec",
        "design-specs": "spec",
        "spikes": "spike",
        "plans": "implementation_plan",
        "prd": "prd",
    }
    found = next((by_folder[folder] for folder in folders if folder in by_folder), "")
    return found or _fuzzy_type(word) or "document"


def _fuzzy_type(word: str) -> str:
    """A kind from a word that only contains it; progress before phase plan before plan, as in `phase_plan_progress`."""
    if "progress" in word:
        return "progress"
    if "plan" in word:
        return "phase_plan" if "phase" in word else "implementation_plan"
    kinds = (
        ("prd", "prd"),
        ("requirements", "prd"),
        ("report", "report"),
        ("spec", "spec"),
        ("spike", "spike"),
    )
    return next((kind for part, kind in kinds if part in word), "")


def doc_subtype_of(said: object, doc_type: str, path: str) -> str:
    """The finer kind: which progress file, which design."""
    parts = [part.lower() for part in PurePosixPath(path).parts[:-1]]
    stem = PurePosixPath(path).stem.lower()
    word = key_of(str(said)) if isinstance(said, str) else ""
    if doc_type == "progress":
        if "quick-features" in parts or word == "quick_feature":
            return "progress_quick_feature"
        if "all-phases" in stem:
            return "progress_all_phases"
        return "progress_phase" if stem.startswith("phase") else "progress_other"
    folders = {"design-specs": "design_spec", "design": "design_doc", "spikes": "spike", "ideas": "idea"}
    by_folder = next((kind for folder, kind in folders.items() if folder in parts), "")
    if not by_folder and "bugs" in parts and doc_type == "document":
        by_folder = "bug_doc"
    return word if word and word in _TYPE_OF and _TYPE_OF[word] == doc_type else by_folder or doc_type


def category_of(said: object, path: str) -> str:
    """The field `category`, else the folder after the kind of document, else the parent folder."""
    if isinstance(said, str) and said.strip():
        return said.strip()[:200]
    parts = PurePosixPath(path).parts[:-1]
    for at, part in enumerate(parts):
        if part.lower() in _DOC_FOLDERS and at + 1 < len(parts):
            return parts[at + 1][:200]
    return parts[-1][:200] if parts else ""


def phase_of(said: object, path: str) -> str:
    """The token of the phase a document is about, as plans and commands name it; "" for none."""
    if isinstance(said, (str, int, float)) and not isinstance(said, bool) and str(said).strip():
        return phase_token(str(said))
    stem = PurePosixPath(path).stem
    if "all-phases" in stem.lower():
        return "all"
    found = _PHASE_STEM.match(stem)
    return phase_token(found[1].replace("_", ".")) if found else ""


def phase_token(text: str) -> str:
    """`Phase 03` and `3` are one token, so are `06.1` and `6.1`; other names stay, in lower case."""
    plain = text.strip().lower()[:60]
    if found := _PHASE_TEXT.match(plain):
        return ".".join(str(int(part)) for part in found[1].split("."))
    return plain


def phase_order(token: str) -> float:
    """Where a phase stands among those of its feature; named ones come last."""
    found = re.match(r"\d+(?:\.\d+)?", token)
    return float(found[0]) if found and len(found[0]) < 12 else 1e6


def references_of(values: Mapping[str, Any], path: str) -> References:
    """Everything the front matter points to."""
    by_key: dict[str, Any] = {}
    for name, value in values.items():
        by_key.setdefault(key_of(name), value)
    said = {kind: texts([by_key[k] for k in sorted(keys) if k in by_key]) for kind, keys in _KINDS.items()}
    cited = [t for t in (*said["paths"], *said["prds"]) if looks_like_path(t)]
    elsewhere = [t for t in texts([v for k, v in by_key.items() if k != "tasks"]) if t.endswith(".md")]
    paths = _unique(cited_path(t, path) for t in (*cited, *elsewhere) if looks_like_path(t))
    return References(
        paths=paths,
        features=_slugs(said["features"]),
        prds=_slugs(said["prds"]),
        sessions=_unique(said["sessions"]),
        requests=_unique(said["requests"]),
        commits=commits_in(said["commits"]),
        pull_requests=_unique(found for text in said["pull_requests"] for found in _PULL.findall(text)),
        files=_unique(cited_path(t, path) for t in said["files"] if " " not in t),
    )


def commits_in(values: Iterable[str]) -> tuple[str, ...]:
    """Commit hashes, abbreviated or whole; a word that is all letters or a number that is all digits is rarely one."""
    found = (commit.lower() for text in values for commit in _COMMIT.findall(text))
    return _unique(c for c in found if not c.isalpha() and not (c.isdigit() and len(c) < 10))


def _slugs(values: Iterable[str]) -> tuple[str, ...]:
    """Slugs of names and of paths to plans."""
    named = (feature_of_path(normal_path(v)) if looks_like_path(v) else slug_of(v) for v in values)
    return _unique(slug for slug in named if is_feature_like(slug))


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))[:MAX_VALUES]
