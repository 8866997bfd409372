"""What a session's cost is made of: every split adds up to the session's own figures, unknown stays unknown."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from sessions.models import AgentSession, ModelResponse
from sessions.parsers.pricing import default_price_book
from sessions.selectors import session_tree
from sessions.selectors.costs import CostPart, agent_parts, session_costs
from sessions.selectors.totals import Totals
from sessions.tests.samples import answer, call, prompt, reply, side, usage
from sessions.tests.transcripts import found, read

pytestmark = pytest.mark.django_db
OPUS = "claude-opus-4-5-20251101"


def a_session(root: Path, *more: dict[str, object]) -> AgentSession:
    read(
        root,
        a=[
            prompt("a1", 0),
            reply("a2", 1, blocks=[call("t1"), call("t2"), call("t3", "Read", file_path="/x")]),
            answer("a3", 2, "t1"),
            reply(
                "a4",
                3,
                model=OPUS,
                blocks=[call("t4")],
                tokens=usage(700, input=50, read=9000, short=30, long=7),
            ),
            reply("a5", 4, attributionSkill="review"),
            *more,
        ],
    )
    return found()


def sums(parts: Iterable[CostPart]) -> tuple[int, int, int | None, int]:
    whole = sum((part.totals for part in parts), Totals())
    return whole.responses, whole.all_tokens, whole.cost_nano_usd, whole.unpriced_tokens


def test_every_split_adds_up_to_the_session(tmp_path: Path) -> None:
    session = a_session(tmp_path, reply("a6", 5, model="nobody-knows-1"))
    costs = session_costs(session, default_price_book())
    own = Totals.of(session)
    expected = (own.responses, own.all_tokens, own.cost_nano_usd, own.unpriced_tokens)
    assert sums(costs.models) == sums(costs.kinds) == sums(costs.skills) == expected
    assert costs.whole.cost_nano_usd == own.cost_nano_usd
    assert {part.name: part.totals.responses for part in costs.kinds} == {
        "Bash": 1,
        "Bash + Read": 1,
        "no tool: an answer or a thought": 2,
    }


def test_classes_cost_what_the_price_book_says(tmp_path: Path) -> None:
    session = a_session(tmp_path)
    costs = session_costs(session, default_price_book())
    assert not costs.classes_differ
    told = [part.cost_usd for part in costs.classes if part.cost_usd is not None]
    assert len(told) == 5
    exact = sum(told, Decimal())
    counted = Decimal(session.cost_nano_usd or 0) / 10**9
    # Each response is rounded to a whole nano-dollar once.
    assert abs(exact - counted) <= Decimal(session.response_count) / 10**9
    shares = [part.share for part in costs.classes if part.share is not None]
    assert sum(shares) == pytest.approx(100)


def test_a_cost_counted_with_other_prices_is_not_split_into_classes(tmp_path: Path) -> None:
    session = a_session(tmp_path)
    ModelResponse.objects.filter(owner=session, model=OPUS).update(cost_nano_usd=1)
    costs = session_costs(session, default_price_book())
    assert costs.classes_differ
    assert {part.cost_usd for part in costs.classes} == {None}
    assert {part.share for part in costs.classes} == {None}


def test_what_has_no_price_is_unknown_and_not_nothing(tmp_path: Path) -> None:
    read(tmp_path, a=[reply("a1", 0, model="nobody-knows-1")])
    costs = session_costs(found(), default_price_book())
    assert costs.whole.cost_nano_usd is None
    assert [part.cost_usd for part in costs.classes] == [None] * 5
    assert [part.share for part in costs.models] == [None]


def test_agents_add_up_to_the_family(tmp_path: Path) -> None:
    read(
        tmp_path,
        a=[prompt("a1", 0), reply("a2", 1)],
        a__worker=[side(prompt("w1", 2), "worker"), side(reply("w2", 3), "worker")],
        a__other=[side(reply("o1", 4), "other")],
    )
    trees = session_tree(found(), now=timezone.now())
    parts = agent_parts(trees)
    family = trees[0].together
    assert sums(parts) == (family.responses, family.all_tokens, family.cost_nano_usd, 0)
    assert parts[0].name == "this session itself"
    assert agent_parts(session_tree(found("a", "worker"), now=timezone.now())) == []
