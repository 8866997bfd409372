"""From a planned session to its transcripts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from . import story, tools
from .agents import run_agent, run_agent_without_file, warm_up
from .conversation import Conversation
from .plans import implementation_plan_text, prd_text
from .releases import HAIKU, OPUS, UNKNOWN_MODEL
from .responses import Voice
from .schedule import PlannedSession, phase_of
from .story import REMOTE
from .summary import Tally
from .tools import Workplace
from .transcript import Transcript, new_uuid, stamp

SLUGS = ("quiet-rising-dough", "warm-folding-crust", "bright-scoring-loaf", "gentle-proofing-rye")


@dataclass(slots=True)
class WrittenSession:
    """What one session left behind."""

    planned: PlannedSession
    main: Transcript
    agents: list[Transcript] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    pull_request: int | None = None


@dataclass(slots=True)
class SessionWriter:
    """Writes one session, event by event."""

    planned: PlannedSession
    talk: Conversation
    written: WrittenSession
    _happened: set[str] = field(default_factory=set)

    @property
    def place(self) -> Workplace:
        """Where the session's tools work."""
        return self.talk.place

    @property
    def at(self) -> Transcript:
        """The session's own transcript."""
        return self.written.main

    def once(self, incident: str) -> bool:
        """Whether this incident is due; it then is over."""
        due = incident in self.planned.incidents and incident not in self._happened
        self._happened.add(incident)
        return due

    # -- turns ---------------------------------------------------------------------------------

    def turn(self, prompt: Callable[[], None], work: Callable[[], None]) -> None:
        """One turn: a prompt, the work it causes, a closing word."""
        began = self.at.moment
        prompt()
        work()
        self.talk.say(self.at.rng.choice(story.CLOSINGS))
        self.talk.end_turn(self.at.moment - began)
        self.at.wait(self.at.rng.uniform(20, 420))

    def follow_ups(self, amount: int) -> None:
        """Further turns on the same subject, with the incidents that need one."""
        for text in self.at.rng.sample(story.FOLLOW_UPS, amount):
            self._between_turns()
            self.turn(lambda text=text: self.talk.prompt(text), self.small_change)  # type: ignore[misc]

    def _between_turns(self) -> None:
        if self.once("overnight"):
            self._sleep()
        if self.once("compaction"):
            self.talk.compact()
        if self.once("rejection"):
            self.talk.prompt("Clean up the build folder, it confuses the test run.")
            step = tools.shell(self.place, "rm -rf build node_modules", "", 0.2)
            self.talk.act(tools.rejected(step))
            self.talk.interruption()
        if self.once("interrupt"):
            self.talk.prompt("Try it with the production settings.")
            self.talk.act(tools.unanswered(tools.run_tests(self.place)))
            self.talk.interruption()

    def _sleep(self) -> None:
        """Leave the session open overnight and go on in the morning, with a cold cache."""
        morning = (self.at.moment + timedelta(days=1)).replace(hour=8, minute=12)
        self.at.wait((morning - self.at.moment).total_seconds())
        self.talk.voice.let_cache_expire()

    # -- kinds of work ---------------------------------------------------------------------------

    def look_around(self) -> None:
        """Read before changing: several tools at once."""
        self.talk.act(tools.grep(self.place), tools.read(self.place))
        if self.once("api_errors"):
            self.talk.overloaded(self.at.rng.randrange(1, 4))
        if self.once("warmup_agent"):
            self.written.agents.append(warm_up(self.talk))
        if self.once("agent"):
            self.written.agents.append(run_agent(self.talk))
        if self.once("replay"):
            self.written.agents.append(run_agent(self.talk, replays=True))
        if self.once("progress_only_agent"):
            run_agent_without_file(self.talk)
        self.talk.act(*(tools.read(self.place) for _ in range(self.at.rng.randrange(1, 4))))

    def small_change(self) -> None:
        """One edit with its test; now and then the first attempt fails."""
        chance = self.at.rng.random
        if self.once("unknown_model"):
            self.talk.say("A second opinion: the rule is right, the name is not.", model=UNKNOWN_MODEL)
        if self.once("fast"):
            for _ in range(4):
                self.talk.act(tools.read(self.place), model=OPUS, fast=True)
        if chance() < 0.12:
            self.talk.act(tools.failed(tools.edit(self.place), "String to replace not found in file."))
        self.talk.act(tools.edit(self.place), *([tools.edit(self.place)] if chance() < 0.3 else []))
        if self.once("queue"):
            self.talk.queue(self.at.rng.choice(story.QUEUED))
        if chance() < 0.3:
            self.talk.act(tools.run_tests(self.place, passing=False))
            self.talk.act(tools.edit(self.place))
        if self.once("failed_response"):
            self.talk.failed_response()
        if chance() < 0.7:
            self.talk.act(tools.run_tests(self.place))

    def extras(self) -> None:
        """The rarer tools."""
        chance = self.at.rng.random
        if chance() < 0.2:
            self.talk.act(tools.web_search(self.place))
        if chance() < 0.2:
            self.talk.act(tools.skill(self.place))
        if chance() < 0.25:
            self.talk.act(tools.mcp_query(self.place))

    def commit(self, message: str) -> None:
        """Commit what was done."""
        step, digest = tools.commit(self.place, message)
        self.talk.act(step)
        self.written.commits.append(digest)
        self.talk.voice.tally.count("commits")

    def work_on_plan(self) -> None:
        """Work on the phase's tasks, each ticked off in its progress file."""
        tasks = self.planned.tasks
        self.look_around()
        if tasks:
            self.talk.act(*tools.list_steps(self.place, [task.title for task in tasks]))
        self.extras()
        self.small_change()
        for task in tasks:
            self.small_change()
            progress = self.place.feature.progress_path(phase_of(self.place.feature, task))
            self.talk.act(tools.tick_off(self.place, progress, task.id))
        if tasks:
            self.commit(f"feat: {tasks[-1].title[0].lower()}{tasks[-1].title[1:]}")
        if self.once("pull_request"):
            self._pull_request()

    def _pull_request(self) -> None:
        number = 3 + self.planned.number
        repository = f"demo/{self.at.project}"
        url = f"{REMOTE}/{repository}/pull/{number}"
        push = tools.shell(
            self.place, f"git push -u origin {self.at.branch}", f"{self.at.branch} -> new branch", 2.4
        )
        title = self.place.feature.title
        self.talk.act(push)
        self.talk.act(tools.shell(self.place, f'gh pr create --title "{title}" --fill', url, 3.1))
        self.at.loose(
            "pr-link", sessionId=self.at.session_id, prNumber=number, prUrl=url, prRepository=repository,
            timestamp=stamp(self.at.moment),
        )  # fmt: skip
        self.written.pull_request = number
        self.talk.voice.tally.count("pull_requests")

    def fix(self, message: str) -> None:
        """Find a bug: a failing test first, then the change."""
        self.look_around()
        self.talk.act(tools.run_tests(self.place, passing=False))
        self.small_change()
        self.talk.act(tools.run_tests(self.place))
        self.commit(message)

    def write_plan(self) -> None:
        """Write the product document, the plan and nothing else."""
        feature = self.place.feature
        self.talk.act(tools.glob(self.place), tools.grep(self.place))
        self.talk.act(tools.web_search(self.place))
        self.talk.act(tools.write(self.place, feature.prd_path, prd_text(feature)))
        self.talk.act(tools.write(self.place, feature.plan_path, implementation_plan_text(feature)))
        self.commit(f"docs: plan {feature.title.lower()}")

    def answer_question(self) -> None:
        """Look something up, change nothing."""
        self.talk.act(tools.grep(self.place), tools.read(self.place))
        if self.at.rng.random() < 0.5:
            self.talk.act(tools.mcp_query(self.place))

    # -- whole sessions --------------------------------------------------------------------------

    def open(self, earlier: Transcript | None) -> None:
        """What stands before the first prompt."""
        if self.at.release.has_slug and earlier is not None and self.at.rng.random() < 0.3:
            # Older releases wrote the title of a finished session into the next one's file.
            title = f"{self.place.feature.title}: {self.at.rng.choice(('next steps', 'tests and fixes'))}"
            self.at.loose("summary", summary=title, leafUuid=earlier.last_uuid)
        self.talk.start_hook()

    def converse(self) -> None:
        """The turns of the session, by its kind."""
        rng, feature = self.at.rng, self.place.feature
        if self.planned.kind == "plan":
            self._command("/plan:plan-feature", feature.prd_path, self.write_plan)
        elif self.planned.kind == "fix":
            prompt, message = rng.choice(story.FIXES)
            self.turn(lambda: self.talk.prompt(prompt), lambda: self.fix(message))
        elif self.planned.kind == "question":
            self.turn(lambda: self.talk.prompt(rng.choice(story.QUESTIONS)), self.answer_question)
        elif self.planned.kind == "execute":
            arguments = f"{self.planned.phase.number} {feature.plan_path}"
            self._command("/dev:execute-phase", arguments, self.work_on_plan)
        else:
            text = (
                f"Please go on with {feature.title.lower()}, see @{feature.progress_path(self.planned.phase)}"
            )
            self.turn(lambda: self.talk.prompt(text), self.work_on_plan)
        self.follow_ups(self._further_turns())

    def _further_turns(self) -> int:
        if self.planned.kind == "question" or "live" in self.planned.incidents:
            return 0
        return 1 if "late_evening" in self.planned.incidents else self.at.rng.randrange(1, 4)

    def _command(self, name: str, arguments: str, work: Callable[[], None]) -> None:
        instructions = "Work through the plan step by step, run the tests, keep the progress file up to date."
        self.turn(lambda: self.talk.command(name, arguments, instructions), work)

    def close(self) -> None:
        """What stands after the last turn, and the file's deliberate faults."""
        session = {"sessionId": self.at.session_id}
        title = f"{self.place.feature.title}: {self.planned.kind}"
        if self.at.release.is_modern:
            self.at.loose("ai-title", aiTitle=title, **session)
        if "custom_title" in self.planned.incidents:
            chosen = f"{self.planned.phase.title} ({self.place.feature.slug})"
            self.at.loose("custom-title", customTitle=chosen, **session)
        if "malformed_line" in self.planned.incidents:
            self.at.malformed_line_at = len(self.at.records) // 2
        if "unterminated_line" in self.planned.incidents:
            # A line that counts for nothing, so totals are the same whether or not it is read yet.
            self.at.loose("last-prompt", lastPrompt=story.FOLLOW_UPS[0], **session)
            self.at.ends_with_newline = False
        if "live" in self.planned.incidents:
            self.talk.prompt("Now the tests for the change of a single week, please.")
            self.talk.act(tools.unanswered(tools.run_tests(self.place)))


def write_session(
    planned: PlannedSession, *, cwd: str, seed: int, tally: Tally, earlier: Transcript | None
) -> WrittenSession:
    """Write one planned session with its subagents."""
    writer = _writer(planned, cwd=cwd, seed=seed, tally=tally, number=planned.number)
    writer.open(earlier)
    writer.converse()
    writer.close()
    tally.count("sessions")
    return writer.written


def write_fork(original: WrittenSession, number: int, *, cwd: str, seed: int, tally: Tally) -> WrittenSession:
    """A session that begins with a copy of another's first turn and then goes its own way.

    The copy keeps every id and time and only carries the new session id, so its responses and calls
    must be counted once, for the original.
    """
    writer = _writer(original.planned, cwd=cwd, seed=seed, tally=tally, number=number)
    source, fork = original.main, writer.at
    copied = source.records[: source.turn_ends[0]]
    fork.records = [
        {**each, "sessionId": fork.session_id} if "sessionId" in each else each for each in copied
    ]
    fork.last_uuid = next(each["uuid"] for each in reversed(copied) if "uuid" in each)
    fork.moment = source.moment + timedelta(minutes=12)
    writer.talk.voice.context = writer.talk.voice.cached = _context_after(copied)
    tally.count("inherited_responses", len(_response_ids(copied)))
    tally.count("sessions")
    prompt = "Let's try it differently: a table of its own instead of two columns."
    writer.turn(lambda: writer.talk.prompt(prompt), writer.small_change)
    return writer.written


def _context_after(records: list[Any]) -> int:
    last = next(each for each in reversed(records) if each["type"] == "assistant")
    used = last["message"]["usage"]
    return int(used["cache_read_input_tokens"] + used["cache_creation_input_tokens"])


def _response_ids(records: list[Any]) -> set[str]:
    return {each["message"]["id"] for each in records if each["type"] == "assistant"}


def _writer(planned: PlannedSession, *, cwd: str, seed: int, tally: Tally, number: int) -> SessionWriter:
    rng = Random(f"{seed}:session:{number}")
    main = Transcript(
        session_id=new_uuid(rng), project=planned.feature.project, cwd=cwd, branch=_branch(planned),
        release=planned.release, rng=rng, moment=planned.start, slug=rng.choice(SLUGS),
    )  # fmt: skip
    model = HAIKU if planned.kind == "question" else rng.choice(planned.release.models)
    voice = Voice(main, tally, model, planned.release.writes_hour_cache)
    place = Workplace(cwd, main.branch, planned.feature, planned.release, rng)
    return SessionWriter(planned, Conversation(voice, place), WrittenSession(planned, main))


def _branch(planned: PlannedSession) -> str:
    return "main" if planned.kind in ("fix", "question", "plan") else planned.feature.branch
