"""The vocabulary of questions about sessions; the only place of this app that aggregates."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Coalesce

from sessions.bulk import in_chunks

ROOT_TYPES = ("session", "fork")
# Long lists that a row of a table shows nothing of.
HEAVY = ("dates", "timeline", "impact_history")
RANK_BITS = 32  # seq = rank of the file in the session, then the number of the line in the file
ACTIVE_FOR = timedelta(minutes=10)
TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_5m_tokens",
    "cache_creation_1h_tokens",
)
FILE_CHANGES = ("create", "update", "delete")
LINE_COUNTS = ("lines_seen", "lines_stored", "lines_duplicate", "lines_quarantined", "lines_blank")


def all_tokens() -> Any:
    """All four classes of a row's tokens."""
    first, *rest = (F(name) for name in TOKENS)
    total: Any = first
    for field in rest:
        total = total + field
    return total


class CopyQuerySet(models.QuerySet[Any]):
    """Which sessions hold a response or a tool call."""

    def held_by_several(self, field: str, keys: Iterable[int]) -> dict[int, int]:
        """{key: number of sessions}, of those keys that more than one session holds."""
        counts = self.filter(**{f"{field}__in": keys}).values_list(field).annotate(n=Count("id"))
        return dict(counts.filter(n__gt=1))

    def counts_by_session(self, session_ids: Iterable[int]) -> dict[int, int]:
        """{session: how many responses stand in its transcript, own and inherited}."""
        held = self.filter(session_id__in=session_ids).values_list("session_id")
        return dict(held.annotate(n=Count("id")))

    def alone_from(self, session_ids: Iterable[int]) -> dict[int, int]:
        """{session: moment of the first response that stands in it alone}."""
        alone = self.filter(session_id__in=session_ids, response__copy_count=1)
        return dict(alone.values_list("session_id").annotate(first=Min("first_at_ms")))

    def inherited_by_session(self, session_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
        """{session: (responses, tokens) that stand in its transcript and belong to another}."""
        foreign = self.filter(session_id__in=session_ids).exclude(
            response__owner_id=F("session_id"), response__duplicate_of__isnull=True
        )
        tokens = sum((F(f"response__{name}") for name in TOKENS[1:]), F(f"response__{TOKENS[0]}"))
        rows = foreign.values_list("session_id").annotate(n=Count("id"), tokens=Sum(tokens))
        return {session: (n, total) for session, n, total in rows}

    def shared_owners(self, session_ids: Iterable[int]) -> dict[int, dict[int, int]]:
        """{session: {other session: how many of its responses stand here too}}."""
        foreign = self.filter(session_id__in=session_ids).exclude(response__owner_id=F("session_id"))
        found: dict[int, dict[int, int]] = {}
        for session, owner, n in foreign.values_list("session_id", "response__owner_id").annotate(
            n=Count("id")
        ):
            found.setdefault(session, {})[owner] = n
        return found


class ProjectQuerySet(models.QuerySet[Any]):
    def named(self, name: str) -> "ProjectQuerySet":
        """By id or slug, as a URL or an API parameter gives it."""
        return self.filter(pk=int(name)) if name.isdecimal() and len(name) < 10 else self.filter(slug=name)


class SourceFileQuerySet(models.QuerySet[Any]):
    def transcripts(self) -> "SourceFileQuerySet":
        return self.filter(kind="transcript")

    def line_totals(self) -> dict[str, int]:
        """The equation's terms over these sources."""
        return self.aggregate(**{name: Coalesce(Sum(name), 0) for name in LINE_COUNTS})

    def pending_count(self) -> int:
        """Files whose last line is half-written."""
        return self.filter(pending_bytes__gt=0).count()

    def bytes_total(self) -> int:
        return int(self.aggregate(n=Coalesce(Sum("size"), 0))["n"])

    def standing(self) -> dict[str, int]:
        """How many files there are, and how many are gone, half-written at their end, or could not be read."""
        return self.aggregate(
            total=Count("id"),
            missing=Count("id", filter=Q(missing_since__isnull=False)),
            pending=Count("id", filter=Q(pending_bytes__gt=0)),
            failed=Count("id", filter=~Q(error="")),
        )

    def troubled(self) -> "SourceFileQuerySet":
        """Files that are gone, half-written at their end, or could not be read."""
        return self.filter(Q(missing_since__isnull=False) | Q(pending_bytes__gt=0) | ~Q(error=""))


class QuarantinedLineQuerySet(models.QuerySet[Any]):
    def by_reason(self) -> list[tuple[str, int]]:
        """(reason, lines), the most frequent first."""
        counts = self.order_by().values_list("reason").annotate(n=Count("id"))
        return list(counts.order_by("-n", "reason"))


class PlacedQuerySet(models.QuerySet[Any]):
    """Rows with a place in their session: the file's rank there and the line in the file."""

    def times_by_family(self, native_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
        """{trunk's own id: first and last moment of anything its subagents wrote}."""
        told = self.filter(session__native_id__in=native_ids, at_ms__isnull=False)
        rows = told.values_list("session__native_id").annotate(first=Min("at_ms"), last=Max("at_ms"))
        return {native: (first, last) for native, first, last in rows}

    def problem_kinds(self) -> dict[str, int]:
        """{kind: how often a value was read differently from how it was written}."""
        told = self.filter(kind="problem", inherited=False)
        return dict(told.values_list("text").annotate(n=Count("id")))

    def behind_rank(self, rank: int) -> Any:
        """Rows that do not stand at this rank of their session's files."""
        return self.exclude(seq__gte=rank << RANK_BITS, seq__lt=(rank + 1) << RANK_BITS)

    def move_to_rank(self, rank: int) -> int:
        """Put rows of one file at the file's rank in their session, each at its own line."""
        return self.update(seq=F("seq").bitand((1 << RANK_BITS) - 1) + (rank << RANK_BITS))


class TranscriptEntryQuerySet(PlacedQuerySet):
    def steps(self, session_ids: Iterable[int]) -> Any:
        """(session, seq, kind, subtype, moment) of every stored line, in order."""
        mine = self.filter(session_id__in=session_ids).order_by("session_id", "seq", "id")
        return mine.values_list("session_id", "seq", "kind", "subtype", "at_ms")

    def counts_by_source(self) -> dict[int, int]:
        """{source: how many entries point at a line of it}."""
        return dict(self.values_list("source_id").annotate(n=Count("id")).order_by())

    def first_times(self, links: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
        """{(source, session): earliest moment}, to order the files of one session."""
        pairs = set(links)
        mine = self.filter(session_id__in={session for _, session in pairs})
        rows = mine.values_list("source_id", "session_id").annotate(first=Min("at_ms"))
        return {(source, session): first or 0 for source, session, first in rows}


class ModelResponseQuerySet(models.QuerySet[Any]):
    def counted(self) -> "ModelResponseQuerySet":
        """Without rows that another row already counts (R4, R5)."""
        return self.filter(duplicate_of__isnull=True)

    def totals(self) -> dict[str, Any]:
        """What ROLLUP_SUMS and the like add up, over these responses."""
        return self.aggregate(**usage_sums())

    def wholeness(self) -> dict[str, int]:
        """Responses and output tokens: all, those that no line says to have ended, those told only in progress."""
        kinds = {"": Q(), "lower_bound_": Q(stop_reason=""), "partial_": Q(is_assistant=False)}
        counts = {f"n_{kind}responses": Count("id", filter=which) for kind, which in kinds.items()}
        sums = {
            f"n_{kind}output_tokens": Coalesce(Sum("output_tokens", filter=which), 0)
            for kind, which in kinds.items()
        }
        return {name.removeprefix("n_"): n for name, n in self.aggregate(**counts, **sums).items()}

    def unpriced_by_model(self) -> Any:
        """Rows (model, fast, responses, tokens) of the responses without a price, most tokens first."""
        unpriced = self.filter(cost_nano_usd__isnull=True).order_by().values("model", "fast")
        sums = unpriced.annotate(responses=Count("id"), tokens=Sum(all_tokens()))
        return sums.order_by("-tokens", "model", "fast")

    def totals_by_owner(self, session_ids: Iterable[int]) -> Any:
        """Rows (owner, model, fast, sums...) of the sessions' own counted responses."""
        mine = self.counted().filter(owner_id__in=session_ids)
        return mine.values("owner_id", "model", "fast").annotate(**usage_sums())

    def shared_message_keys(self, message_keys: Iterable[int]) -> list[int]:
        """Of these message ids, those that more than one response has."""
        found: list[int] = []
        for chunk in in_chunks(message_keys):
            rows = self.filter(message_key__in=chunk).values_list("message_key", flat=True)
            found += rows.annotate(n=Count("id")).filter(n__gt=1)
        return found

    def twins_of(self, session_ids: Iterable[int]) -> Iterable[list[Any]]:
        """Responses without a request id that stand in several sessions, one of these among them, twins together."""
        told = self.filter(request_id="", copy_count__gt=1)
        keys = set(told.filter(owner_id__in=session_ids).values_list("message_key", flat=True))
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for chunk in in_chunks(keys):
            for row in told.filter(message_key__in=chunk).order_by("id"):
                used = (*(getattr(row, name) for name in TOKENS), row.web_search_requests)
                groups.setdefault((row.message_key, row.at_ms, *used), []).append(row)
        return groups.values()

    def counting_owners(self, keys: Iterable[int]) -> dict[int, int]:
        """{response: the session it is counted in}, that of the row which counts it where it is a duplicate."""
        rows = {
            key: (owner_id, duplicate_of)
            for key, owner_id, duplicate_of in self.filter(id__in=keys).values_list(
                "id", "owner_id", "duplicate_of"
            )
        }
        counting = {duplicate_of for _, duplicate_of in rows.values() if duplicate_of is not None}
        owners = dict(self.filter(id__in=counting).values_list("id", "owner_id"))
        return {key: owners.get(other, owner_id) for key, (owner_id, other) in rows.items()}

    def twins_elsewhere(self, session_ids: Iterable[int]) -> dict[int, dict[int, int]]:
        """{session: {other session: how many of its responses without a request id stand here too}}."""
        mine = self.filter(owner_id__in=session_ids, request_id="", duplicate_of__isnull=False)
        rows = list(mine.values_list("owner_id", "duplicate_of"))
        owners = self.counting_owners({other for _, other in rows})
        found: dict[int, dict[int, int]] = {}
        for session_id, other in rows:
            if (owner_id := owners.get(other, session_id)) != session_id:
                counts = found.setdefault(session_id, {})
                counts[owner_id] = counts.get(owner_id, 0) + 1
        return found

    def skills_by_owner(self, session_ids: Iterable[int]) -> Any:
        mine = self.filter(owner_id__in=session_ids).exclude(skill="")
        return mine.values_list("owner_id", "skill").annotate(n=Count("id")).order_by("owner_id", "skill")


def usage_sums() -> dict[str, Any]:
    """Annotations that sum usage and money over responses; cost is None where nothing is priced."""
    return {
        **{f"sum_{name}": Coalesce(Sum(name), 0) for name in TOKENS},
        "responses": Count("id"),
        "lower_bound": Count("id", filter=Q(stop_reason="")),
        "partial": Count("id", filter=Q(is_assistant=False)),
        "cost": Sum("cost_nano_usd"),
        "reported": Sum("reported_cost_nano_usd"),
        "unpriced": Coalesce(Sum(all_tokens(), filter=Q(cost_nano_usd__isnull=True)), 0),
        "unpriced_responses": Count("id", filter=Q(cost_nano_usd__isnull=True)),
    }


class ToolCallQuerySet(models.QuerySet[Any]):
    def counted(self) -> "ToolCallQuerySet":
        """Calls, without answers whose call was never found."""
        return self.filter(has_use=True)

    def totals_by_owner(self, session_ids: Iterable[int]) -> Any:
        """Rows per (owner, tool) of the sessions' own calls."""
        mine = self.counted().filter(owner_id__in=session_ids)
        return (
            mine.values("owner_id", "name")
            .annotate(**call_sums(), web_searches_sum=Coalesce(Sum("web_searches"), 0))
            .order_by("owner_id", "-calls", "name")
        )

    def by_tool(self) -> Any:
        """Rows per tool: counts by outcome, times, the slowest call; the most used first."""
        return (
            self.order_by()
            .values("name", "category")
            .annotate(**call_sums(), executed=Count("execution_ms"), slowest=Max("elapsed_ms"))
            .order_by("-calls", "name")
        )

    def by_file(self) -> Any:
        """Rows per file that a call read or changed: how often, and lines where calls tell them."""
        done = Q(outcome="ok")
        changed = done & Q(file_action__in=FILE_CHANGES)
        return (
            self.exclude(path="")
            .order_by()
            .values("path")
            .annotate(
                reads=Count("id", filter=done & Q(file_action="read")),
                failures=Count("id", filter=~done),
                changes=Count("id", filter=changed),
                created=Count("id", filter=done & Q(file_action="create")),
                deleted=Count("id", filter=done & Q(file_action="delete")),
                added=Sum("lines_added", filter=changed),
                removed=Sum("lines_removed", filter=changed),
                last_ms=Max("use_at_ms"),
            )
            .order_by("-changes", "path")
        )


def call_sums() -> dict[str, Any]:
    """Annotations that count tool calls by outcome and sum their times."""
    outcomes = ("ok", "error", "rejected", "interrupted", "blocked", "pending")
    return {
        "calls": Count("id"),
        "errors": Count("id", filter=Q(is_error=True)),
        **{f"outcome_{name}": Count("id", filter=Q(outcome=name)) for name in outcomes},
        "elapsed": Coalesce(Sum("elapsed_ms"), 0),
        "timed": Count("elapsed_ms"),
        "execution": Coalesce(Sum("execution_ms"), 0),
    }


class AgentSessionQuerySet(models.QuerySet[Any]):
    def stale(self) -> "AgentSessionQuerySet":
        """Whose columns are behind their facts."""
        return self.filter(stale=True)

    def with_activity(self) -> "AgentSessionQuerySet":
        """Without probes and hook-only files, which hold no prompt, response or call (R33)."""
        started = self.model.objects.filter(parent_id=OuterRef("pk"))
        return self.filter(
            Q(response_count__gt=0)
            | Q(inherited_response_count__gt=0)
            | Q(prompt_count__gt=0)
            | Q(tool_call_count__gt=0)
            | Q(Exists(started))
        )

    def roots(self) -> "AgentSessionQuerySet":
        """Without subagents and workflow agents."""
        return self.filter(session_type__in=ROOT_TYPES)

    def with_status(self, now: datetime) -> "AgentSessionQuerySet":
        """Annotate `status`: active while work is open and the last record is recent, else how it ended."""
        return self.with_status_since(now - ACTIVE_FOR)

    def with_status_since(self, moment: Any) -> "AgentSessionQuerySet":
        """The same, records behind this moment being recent."""
        recent = When(is_open=True, ended_at__gt=moment, then=Value("active"))
        told: AgentSessionQuerySet = self.annotate(status=Case(recent, default=F("ending")))
        return told

    def light(self) -> "AgentSessionQuerySet":
        """Without the columns that only a session's own page shows."""
        return self.defer(*HEAVY)

    def family_of(self, trunks: Any) -> "AgentSessionQuerySet":
        """These sessions and all that they started; a trunk is its own root as soon as it has been derived."""
        keys = trunks.values("pk")
        return self.filter(Q(root_id__in=keys) | Q(root_id=None, pk__in=keys))

    def own_totals(self) -> dict[str, Any]:
        """What these sessions themselves caused, summed; the keys of `selectors.Totals` behind `sum_`."""
        return self.aggregate(**session_sums())

    def summed(self) -> Any:
        """The same as a row, for a prepared question; without any session there is no row."""
        return self._as_one().values("whole").annotate(**session_sums()).values(*session_sums())

    def counted(self) -> Any:
        """How many there are, as a row."""
        return self._as_one().values_list("whole").annotate(n=Count("id")).values_list("n")

    def _as_one(self) -> Any:
        return self.order_by().annotate(whole=Value("", output_field=models.CharField()))

    def family_totals(self) -> Any:
        """The same per root session, with how many subagents it has and how many of them are active now."""
        subagents = ~Q(id=F("root_id"))
        return (
            self.order_by()
            .values("root_id")
            .annotate(
                **session_sums(),
                subagents=Count("id", filter=subagents),
                live=Count("id", filter=subagents & Q(status="active")),
            )
        )


def session_sums() -> dict[str, Any]:
    """Annotations that sum over sessions' own columns; cost is None where nothing is priced."""
    columns = {
        "responses": "response_count",
        "tool_calls": "tool_call_count",
        "tool_errors": "tool_error_count",
        **{
            name: name
            for name in (
                *TOKENS,
                "lower_bound_responses",
                "partial_responses",
                "unpriced_tokens",
                "active_seconds",
            )
        },
    }
    return {
        "sum_sessions": Count("id"),
        **{f"sum_{name}": Coalesce(Sum(column), 0) for name, column in columns.items()},
        "sum_cost_nano_usd": Sum("cost_nano_usd"),
    }
