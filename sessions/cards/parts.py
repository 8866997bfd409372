"""What the card of a tool call is made of. `kind` is how a template tells them apart."""

from dataclasses import dataclass
from typing import ClassVar

from sessions.cards.ansi import Run
from sessions.cards.differences import DiffLine
from sessions.parsers.display import ShownText


@dataclass(frozen=True, slots=True)
class Fields:
    """Short values by name."""

    kind: ClassVar[str] = "fields"
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """A text as it stands. `is_result` where the tool said it, `is_folded` where it tells nothing new."""

    kind: ClassVar[str] = "plain"
    label: str
    text: ShownText
    is_result: bool = False
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class Prose:
    """A text in Markdown."""

    kind: ClassVar[str] = "prose"
    label: str
    text: ShownText
    is_result: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """What was typed into a shell."""

    kind: ClassVar[str] = "command"
    text: ShownText


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a shell showed; `chars` is how long it is in full."""

    kind: ClassVar[str] = "terminal"
    runs: tuple[Run, ...]
    chars: int
    is_cut: bool
    is_result: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Difference:
    """A change of a file; `is_asked` where it is only known what was asked for, not what came of it."""

    kind: ClassVar[str] = "difference"
    path: str
    lines: tuple[DiffLine, ...]
    is_asked: bool = False
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of a file with their numbers; `total` is how many the file has, None where it is not told."""

    kind: ClassVar[str] = "excerpt"
    label: str
    path: str
    lines: tuple[tuple[int, str], ...]
    total: int | None = None
    is_cut: bool = False
    is_result: bool = False

    @property
    def first(self) -> int:
        return self.lines[0][0]

    @property
    def last(self) -> int:
        return self.lines[-1][0]


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a list of things to do. `before` is the state it had, "" where it is new or did not change."""

    text: str
    state: str  # pending, in_progress, completed, or whatever else the transcript says
    before: str = ""
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Checklist:
    """Things to do, in their order; `dropped` were on the list before."""

    kind: ClassVar[str] = "checklist"
    steps: tuple[Step, ...]
    dropped: tuple[str, ...] = ()

    @property
    def done(self) -> int:
        return sum(step.state == "completed" for step in self.steps)


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    description: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the user; `answer` is what was said that none of the options is, "" where one was chosen."""

    kind: ClassVar[str] = "question"
    header: str
    question: str
    options: tuple[Option, ...]
    answer: str
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Address:
    """Where on the web something was looked up; `href` is "" where following it would not be safe."""

    kind: ClassVar[str] = "address"
    text: str
    href: str


Part = Fields | Plain | Prose | Command | Terminal | Difference | Excerpt | Checklist | Question | Address
