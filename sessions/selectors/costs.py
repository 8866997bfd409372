"""What a session's own cost is made of, counted from its responses one by one: every split adds up to the same sum."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from operator import add, mul
from typing import NamedTuple

from sessions.models import AgentSession, ModelResponse, ToolCall
from sessions.parsers.model_names import display_model
from sessions.parsers.pricing import PriceBook, Usage
from sessions.parsers.rates import PICO_PER_USD, Rates
from sessions.querysets import TOKENS
from sessions.selectors.totals import Totals
from sessions.selectors.tree import TreeNode

MOST_KINDS = 12
NO_CALL = "no tool: an answer or a thought"


class _Response(NamedTuple):
    id: int
    at_ms: int
    model: str
    fast: bool
    service_tier: str
    inference_geo: str
    skill: str
    stop_reason: str
    is_assistant: bool
    cost_nano_usd: int | None
    usage: Usage


_COLUMNS = (*_Response._fields[:-1], *Usage._fields)


@dataclass(frozen=True, slots=True)
class CostPart:
    """One part of a session's responses. `share` is percent of the cost, None where no price is known."""

    name: str
    totals: Totals
    share: float | None
    href: str = ""


@dataclass(frozen=True, slots=True)
class ClassCost:
    """Tokens of one class, or web searches, and what they cost exactly; None where that is not known."""

    name: str
    unit: str
    count: int
    cost_usd: Decimal | None
    share: float | None


@dataclass(frozen=True, slots=True)
class SessionCosts:
    """A session's own cost by what it was for. `classes_differ` where prices changed since it was counted."""

    whole: Totals
    classes: list[ClassCost]
    classes_differ: bool
    models: list[CostPart]
    kinds: list[CostPart]
    skills: list[CostPart]


@dataclass(slots=True)
class _Sums:
    """Sums that grow response by response."""

    counts: list[int] = field(default_factory=lambda: [0] * len(Usage._fields))
    responses: int = 0
    lower_bounds: int = 0
    partial: int = 0
    unpriced_tokens: int = 0
    cost_nano_usd: int | None = None

    def count(self, response: _Response) -> None:
        self.counts = [*map(add, self.counts, response.usage)]
        self.responses += 1
        self.lower_bounds += not response.stop_reason
        self.partial += not response.is_assistant
        if response.cost_nano_usd is None:
            self.unpriced_tokens += sum(response.usage[:5])
        else:
            self.cost_nano_usd = (self.cost_nano_usd or 0) + response.cost_nano_usd

    def totals(self) -> Totals:
        named = dict(zip(TOKENS, self.counts, strict=False))
        return Totals(
            **named,
            responses=self.responses,
            lower_bound_responses=self.lower_bounds,
            partial_responses=self.partial,
            unpriced_tokens=self.unpriced_tokens,
            cost_nano_usd=self.cost_nano_usd,
        )


def session_costs(session: AgentSession, prices: PriceBook) -> SessionCosts:
    """What the session's own responses cost, by token class, model, what they called and skill."""
    responses = _responses(session)
    called = _tools_called(session)
    whole = _Sums()
    for response in responses:
        whole.count(response)
    classes = _classes(responses, prices)
    kinds = _parts(((called.get(r.id, NO_CALL), r) for r in responses), whole)
    has_skill = any(r.skill for r in responses)
    return SessionCosts(
        whole=whole.totals(),
        classes=_class_rows(whole, classes),
        classes_differ=classes is None,
        models=_parts(((display_model(r.model, r.fast), r) for r in responses), whole),
        kinds=_shortened(kinds, whole),
        skills=_parts(((r.skill or "no skill", r) for r in responses), whole) if has_skill else [],
    )


def _responses(session: AgentSession) -> list[_Response]:
    rows = ModelResponse.objects.counted().filter(owner=session).values_list(*_COLUMNS)
    split = len(_COLUMNS) - len(Usage._fields)
    return [_Response._make((*row[:split], Usage._make(row[split:]))) for row in rows]


def _tools_called(session: AgentSession) -> dict[int, str]:
    """{response: the tools it called, by name}."""
    calls = ToolCall.objects.counted().filter(owner=session, response_id__isnull=False)
    names: dict[int, set[str]] = defaultdict(set)
    for response_id, name in calls.values_list("response_id", "name"):
        names[response_id].add(name or "unknown tool")
    return {response_id: " + ".join(sorted(found)) for response_id, found in names.items()}


def _parts(named: Iterable[tuple[str, _Response]], whole: _Sums) -> list[CostPart]:
    sums: dict[str, _Sums] = defaultdict(_Sums)
    for name, response in named:
        sums[name].count(response)
    rows = [_part(name, part, whole) for name, part in sums.items()]
    return sorted(rows, key=lambda row: (-(row.totals.cost_nano_usd or 0), -row.totals.all_tokens, row.name))


def _part(name: str, part: _Sums, whole: _Sums) -> CostPart:
    return CostPart(name, part.totals(), _share(part.cost_nano_usd, whole.cost_nano_usd))


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else 100 * part / whole


def _shortened(rows: list[CostPart], whole: _Sums) -> list[CostPart]:
    """The first MOST_KINDS, and the others in one row, so that the rows still add up."""
    if len(rows) <= MOST_KINDS + 1:
        return rows
    rest = sum((row.totals for row in rows[MOST_KINDS:]), Totals())
    name = f"{len(rows) - MOST_KINDS} other combinations"
    return [*rows[:MOST_KINDS], CostPart(name, rest, _share(rest.cost_nano_usd, whole.cost_nano_usd))]


def _classes(responses: Iterable[_Response], prices: PriceBook) -> list[int] | None:
    """Pico-dollars of each field of `Usage`; None where the book's prices are not those it was counted with."""
    sums = [0] * len(Usage._fields)
    for response in responses:
        if response.cost_nano_usd is None:
            continue
        rates = prices.rates(
            response.model,
            response.at_ms,
            fast=response.fast,
            service_tier=response.service_tier,
            inference_geo=response.inference_geo,
        )
        if rates is None or rates.cost_nano_usd(response.usage) != response.cost_nano_usd:
            return None
        sums = [*map(add, sums, map(mul, response.usage, _per_unit(rates, response.usage)))]
    return sums


def _per_unit(rates: Rates, usage: Usage) -> tuple[int, ...]:
    """Pico-dollars per token or request, in the order of `Usage`."""
    tokens = rates.tokens_for(usage)
    return (
        *(tokens.input, tokens.output, tokens.cache_read, tokens.cache_creation_5m, tokens.cache_creation_1h),
        rates.web_search or 0,
    )


_CLASSES = (
    "Input",
    "Output",
    "Cache read",
    "Cache written, 5 minutes",
    "Cache written, 1 hour",
    "Web searches",
)


def _class_rows(whole: _Sums, classes: list[int] | None) -> list[ClassCost]:
    """One row per class; web searches only where there were any."""
    known = classes is not None and whole.cost_nano_usd is not None
    costs = [Decimal(pico) / PICO_PER_USD if known else None for pico in classes or [0] * len(_CLASSES)]
    total = sum(classes or [])
    rows = zip(_CLASSES, whole.counts, costs, classes or [0] * len(_CLASSES), strict=True)
    return [
        ClassCost(
            name,
            "count" if name == _CLASSES[-1] else "tokens",
            count,
            cost,
            100 * pico / total if known and total else None,
        )
        for name, count, cost, pico in rows
        if count or name != _CLASSES[-1]
    ]


def agent_parts(tree: Iterable[TreeNode]) -> list[CostPart]:
    """The session itself and its subagents by what they are, from the trees it is in; [] without subagents."""
    asked = next((node for top in tree for node in top.walk() if node.is_asked), None)
    below = [node for node in asked.walk() if node is not asked and node.session.agent_id] if asked else []
    if asked is None or not below:
        return []
    sums: dict[str, Totals] = defaultdict(Totals)
    counts: dict[str, int] = defaultdict(int)
    for node in below:
        name = node.session.agent_name or "subagent without a name"
        sums[name] = sums[name] + node.own
        counts[name] += 1
    whole = sum(sums.values(), asked.own).cost_nano_usd
    own = CostPart("this session itself", asked.own, _share(asked.own.cost_nano_usd, whole))
    rows = [
        CostPart(f"{name} ×{counts[name]}", totals, _share(totals.cost_nano_usd, whole))
        for name, totals in sums.items()
    ]
    return [own, *sorted(rows, key=lambda row: (-(row.totals.cost_nano_usd or 0), row.name))]
