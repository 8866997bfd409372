"""A session's transcript: its pages, the ways through it, its original lines and images."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from sessions import selectors
from sessions.acts import tell
from sessions.archive import ArchiveDamaged, TextPruned
from sessions.inspector import HtmxRequest, named_session, seq_of, session_context
from sessions.models import AgentSession
from sessions.pictures import picture
from sessions.scope import readable_projects
from sessions.search.in_session import words_in_session
from sessions.selectors import TranscriptItem, TranscriptPage
from sessions.selectors.landmarks import LANDMARKS, landmark, outline, start_of_window
from sessions.selectors.news import answered_meanwhile, pace, watched
from sessions.selectors.raw_lines import neighbours
from sessions.transcript_groups import grouped

TRANSCRIPT_LINES = 80
SUBAGENT_LINES = 60
# Longer blocks are cut on the page and stand in full on the page of their line.
TRANSCRIPT_BLOCK_CHARS = 16 * 1024
RAW_CHARS = 512 * 1024
MAX_SEQ = 1 << 63
NOTHING_NEW = 204  # htmx: what stands there stays, and is asked for again


@require_safe
def session_page(request: HtmxRequest, public_id: str) -> HttpResponse:
    """A session's transcript, page by page; `?at=` opens it at a line or the end, `?q=` looks for words in it."""
    session, context = session_context(request, public_id, "transcript")
    at = seq_of(request.GET.get("at"))
    page = _page(request, session, at)
    words = request.GET.get("q", "").strip()
    first = page.items[0].seq if page.items else 0
    context |= {
        "transcript": page,
        "groups": grouped(page.items),
        "at_seq": _shown_at(page.items, at),
        "words": words,
        "found": words_in_session(session, words, now=context["now"]) if words else None,
        "jumps": JUMPS,
        # Jumps go on from the line that was asked for, else from the beginning of what is shown.
        "next_from": first - 1 if at is None else at,
        "previous_from": first if at is None else at,
        "nothing": _none_left(request.GET.get("none", "")),
        **_watching(session, page, context["now"]),
    }
    is_more = request.htmx and request.htmx.target == "more"
    return render(
        request, "sessions/transcript.html#more" if is_more else "sessions/transcript.html", context
    )


def _page(request: HtmxRequest, session: AgentSession, at: int | None) -> TranscriptPage:
    after, before = seq_of(request.GET.get("after")), seq_of(request.GET.get("before"))
    if at is not None:
        after, before = start_of_window(session, at), None
    elif request.GET.get("at") == "end":
        after, before = None, MAX_SEQ - 1
    return selectors.entries(
        session,
        after_seq=after,
        before_seq=before,
        limit=TRANSCRIPT_LINES,
        block_chars=TRANSCRIPT_BLOCK_CHARS,
        projects=readable_projects(request),
    )


def _watching(session: AgentSession, page: TranscriptPage, now: datetime) -> dict[str, int | None]:
    """How to ask for news: only where the end of the transcript is shown."""
    at_end = page.items and page.next_after is None
    return {
        "news_after": page.items[-1].seq if page.items else None,
        "news_seconds": pace(session.ended_at, now=now) if at_end else None,
    }


@never_cache
@require_safe
def session_news(request: HtmxRequest, public_id: str) -> HttpResponse:
    """Lines that came behind `?after=`, to be put behind those on a page; 204 as long as there are none."""
    after = seq_of(request.GET.get("after"))
    if after is None or not request.htmx:
        return redirect("session-detail", named_session(request, public_id).public_id)
    projects = readable_projects(request)
    seen = watched(public_id, after_seq=after, now=timezone.now(), projects=projects)
    if seen is None:
        raise Http404("There is no session with that id.")
    if not seen.has_news and str(seen.every_seconds) == request.GET.get("every"):
        return HttpResponse(status=NOTHING_NEW)
    session, context = session_context(request, public_id, "transcript")
    page = selectors.entries(
        session,
        after_seq=after,
        limit=TRANSCRIPT_LINES,
        block_chars=TRANSCRIPT_BLOCK_CHARS,
        projects=projects,
    )
    last = page.items[-1].seq if page.items else after
    answered = answered_meanwhile(
        session,
        page.items,
        after_seq=after,
        last_seq=last,
        block_chars=TRANSCRIPT_BLOCK_CHARS,
        projects=projects,
    )
    context |= {"transcript": page, "groups": grouped(page.items), "answered": answered}
    context |= {"news_after": last, "news_seconds": pace(session.ended_at, now=context["now"])}
    return render(request, "sessions/news.html", context)


# Kind, name, the key for the next and the key for the one before, icon.
JUMPS = (
    ("prompt", "prompt", "n", "p", "user"),
    ("error", "error", "e", "E", "error"),
    ("edit", "edit", "d", "D", "edit"),
    ("commit", "commit", "c", "C", "commit"),
    ("compaction", "compaction", "m", "M", "refresh"),
)
WAYS = {"next": False, "previous": True}


def _shown_at(items: list[TranscriptItem], at: int | None) -> int | None:
    """The line that shows what stands at a line: a result is shown with its call."""
    for item in items if at is not None else ():
        if item.seq == at or (item.call is not None and item.call.result_seq == at):
            return item.seq
    return None


def _none_left(told: str) -> str:
    """A sentence about a jump that led nowhere; "" for anything else."""
    way, _, kind = told.partition("-")
    if way not in WAYS or kind not in LANDMARKS:
        return ""
    article = "an" if kind[0] in "aeiou" else "a"
    return f"There is not {article} {kind} {'before' if WAYS[way] else 'after'} this."


@require_safe
def session_jump(request: HtmxRequest, public_id: str, way: str, kind: str) -> HttpResponse:
    """On to the next or previous prompt, error, edit, commit or compaction, counted from `?from=`."""
    if way not in WAYS or kind not in LANDMARKS:
        raise Http404("There is no such way through a transcript.")
    session = named_session(request, public_id)
    from_seq = seq_of(request.GET.get("from"))
    address = reverse("session-detail", args=[session.public_id])
    found = landmark(session, kind, from_seq=from_seq, backwards=WAYS[way])
    if found is not None:
        return redirect(f"{address}?at={found}#entry-{found}")
    stay = f"&at={from_seq}#entry-{from_seq}" if from_seq is not None else ""
    return redirect(f"{address}?none={way}-{kind}{stay}")


@require_safe
def session_outline(request: HtmxRequest, public_id: str) -> HttpResponse:
    """The prompts of a session and what else it holds; a region of its page, and a page of its own."""
    session, context = session_context(request, public_id, "transcript")
    context |= {"outline": outline(session), "jumps": JUMPS}
    template = "sessions/outline.html#outline" if request.htmx else "sessions/outline.html"
    return render(request, template, context)


@require_safe
def session_inline(request: HtmxRequest, public_id: str) -> HttpResponse:
    """The beginning of a subagent's transcript, to be read inside of another."""
    session = named_session(request, public_id)
    if not request.htmx:
        return redirect("session-detail", session.public_id)
    projects = readable_projects(request)
    page = selectors.entries(
        session, limit=SUBAGENT_LINES, block_chars=TRANSCRIPT_BLOCK_CHARS, projects=projects
    )
    row = selectors.session_rows([session], now=timezone.now(), projects=projects)[0]
    context = {"session": session, "row": row, "transcript": page, "groups": grouped(page.items)}
    return render(request, "sessions/inline.html", context | {"prefix": f"sub{session.pk}-"})


@require_safe
def session_line_page(request: HtmxRequest, public_id: str, seq: int) -> HttpResponse:
    """One original line, where it stands and the digest of its bytes; `?download` sends the bytes."""
    session, context = session_context(request, public_id, "line")
    try:
        line = selectors.raw_line(session, seq) if seq < MAX_SEQ else None
    except TextPruned as pruned:
        return render(request, "sessions/line.html", context | {"pruned": pruned.at, "seq": seq}, status=410)
    except ArchiveDamaged as error:
        return render(request, "sessions/line.html", context | {"damage": str(error), "seq": seq}, status=500)
    if line is None:
        raise Http404("This session has no line with that number.")
    if "download" in request.GET:
        return _download(line.raw, f"line-{line.line_no}.json")
    before, after = neighbours(session, seq)
    readable = line.readable
    context |= {"line": line, "text": readable[:RAW_CHARS], "is_cut": len(readable) > RAW_CHARS}
    context["may_reveal"] = bool(line.secrets) and may_reveal(request, session)
    return render(request, "sessions/line.html", context | {"before": before, "after": after, "seq": seq})


def may_reveal(request: HtmxRequest, session: AgentSession) -> bool:
    """Whether the reader may see what is masked in a session: as its project's admin, or at home."""
    asker = getattr(request, "asker", None)
    if not settings.TELEMETRY_REVEAL or asker is None:
        return False
    return bool(asker.may_reveal(session.project_id))


@never_cache
@require_POST
def reveal_line(request: HtmxRequest, public_id: str, seq: int) -> HttpResponse:
    """An original line with its secrets, for those who may see them. Every time is recorded, and nothing is kept."""
    if not settings.TELEMETRY_REVEAL:
        raise PermissionDenied("Secrets are shown to nobody here: TELEMETRY_REVEAL is off.")
    session, context = session_context(request, public_id, "line")
    try:
        line = selectors.raw_line(session, seq, reveals=True) if seq < MAX_SEQ else None
    except ArchiveDamaged:
        line = None  # pruned or damaged: the page of the line says which
    if line is None:
        return redirect("session-line", session.public_id, seq)
    tell(request, f"{session.public_id}, line {line.line_no}: {len(line.secrets)} masked", session.project)
    readable = line.readable
    context |= {"line": line, "text": readable[:RAW_CHARS], "is_cut": len(readable) > RAW_CHARS}
    return render(request, "sessions/line.html", context | {"seq": seq, "is_revealed": True})


def _download(raw: bytes, name: str) -> HttpResponse:
    response = HttpResponse(raw, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
def session_image(request: HtmxRequest, public_id: str, seq: int, number: int) -> HttpResponse:
    """An image of a line; what no browser can safely draw is sent as a file."""
    session = named_session(request, public_id)
    try:
        found = picture(session, seq, number) if seq < MAX_SEQ else None
    except ArchiveDamaged:
        found = None
    if found is None:
        raise Http404("This line has no such image.")
    if not found.is_drawn:
        return _download(found.data, f"line-{seq}-{number + 1}.bin")
    response = HttpResponse(found.data, content_type=found.media_type)
    # Shown alone, in a tab of its own, it may do nothing either. A line never changes, so it may be kept.
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=86400"
    return response
