"""The style that a file carries with it, and the policy that lets this style in and nothing else.

Pages never have a style inside: their policy refuses it. A file is shown where the server is not, so it has to.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from django.contrib.staticfiles import finders

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
SHEETS = ("tokens", "base", "components", "tables", "transcript", "session_file")


@dataclass(frozen=True, slots=True)
class FileStyle:
    """The text of a style element, and a policy for a document that has this element and may do nothing."""

    text: str
    policy: str


@cache
def file_style() -> FileStyle:
    """Our own style sheets as one text. Raises ValueError for a sheet that would end the element it stands in."""
    text = "\n".join(_sheet(name) for name in SHEETS)
    if "<" in text or "url(" in text or "@import" in text:
        raise ValueError("A style sheet of a file may have no markup and may load nothing.")
    digest = b64encode(sha256(text.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return FileStyle(text, policy)


def _sheet(name: str) -> str:
    found = finders.find(f"css/{name}.css")
    if not isinstance(found, str):
        raise ValueError(f"There is no style sheet {name}.css.")
    return _COMMENT.sub("", Path(found).read_text(encoding="utf-8")).strip()
