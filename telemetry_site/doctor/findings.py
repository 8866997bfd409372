"""What an examination finds: how bad, what is so, and what mends it."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"  # something does not work, or figures are not right
    WARNING = "warning"  # something will go wrong, or is not as safe as it could be
    NOTE = "note"  # worth knowing; nothing has to be done


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` names what was looked at, in a word or two; `sentence` what is so; `mend` what to do, "" for nothing."""

    severity: Severity
    about: str
    sentence: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.severity:<7}  {self.about}: {self.sentence}" + (f" {self.mend}" if self.mend else "")

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


def error(about: str, sentence: str, mend: str = "") -> Finding:
    return Finding(Severity.ERROR, about, sentence, mend)


def warning(about: str, sentence: str, mend: str = "") -> Finding:
    return Finding(Severity.WARNING, about, sentence, mend)


def note(about: str, sentence: str, mend: str = "") -> Finding:
    return Finding(Severity.NOTE, about, sentence, mend)


def number(count: int, noun: str) -> str:
    """ "1 file", "3,000 files"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
