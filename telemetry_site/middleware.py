"""What stands before every view: who may be asked for (Host), who may ask for a change (Origin), and headers."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, UnreadablePostError
from django.http.request import split_domain_port
from django.utils.cache import patch_vary_headers

GetResponse = Callable[[HttpRequest], HttpResponseBase]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class HostGate:
    """Answer only requests whose Host is one of `ALLOWED_HOSTS`, compared exactly.

    A page on the internet can point its own name at 127.0.0.1 and then read this server as its own origin
    (DNS rebinding); its name is still in the Host header. Django asks this question only where a view needs
    the host, so files and cheap answers would slip through: this runs before everything.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        header = request.META.get("HTTP_HOST", "")
        if is_allowed_host(header, settings.ALLOWED_HOSTS):
            return self.get_response(request)
        return refusal(
            request,
            HTTPStatus.BAD_REQUEST,
            f"The host {header[:100]!r} is not served here; an administrator can add it to TELEMETRY_ALLOWED_HOSTS.",
        )


def is_allowed_host(header: str, allowed: list[str]) -> bool:
    """Whether a Host header (name, optional port) names one of `allowed`; no wildcards, no trailing dot."""
    if header.endswith(".") or ".:" in header:
        return False
    domain, port = split_domain_port(header)
    return bool(domain) and domain in allowed and (not port or 0 < int(port) < 65536)


class NulGate:
    """Answer that there is nothing at an address with a NUL character, which PostgreSQL refuses in any text."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path:
            return refusal(
                request, HTTPStatus.NOT_FOUND, "There is nothing at an address with a NUL character."
            )
        return self.get_response(request)


class OriginGate:
    """Refuse changes that another site asked a visitor's browser to make.

    Browsers say where an unsafe request comes from in Origin and Sec-Fetch-Site. A program such as curl sends
    neither and passes: it is not a browser that somebody else can steer. This covers the API as well, whose
    views are exempt from Django's CSRF check.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in SAFE_METHODS or is_same_origin(request) or is_declared_client(request):
            return self.get_response(request)
        return refusal(request, HTTPStatus.FORBIDDEN, "This request came from another site and was refused.")


def is_same_origin(request: HttpRequest) -> bool:
    """Whether the browser's own headers allow this request; `Origin: null` (sandboxed pages, files) is foreign."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin.lower() == f"{request.scheme}://{request.headers['Host']}".lower()


def is_declared_client(request: HttpRequest) -> bool:
    """Whether a browser client of TELEMETRY_CORS_ORIGINS asks the API, with JSON or without a body.

    Any other content can be sent without a preflight, so no such client has a reason to send it.
    """
    return (
        request.path.startswith("/api/")
        and request.content_type in ("", "application/json")
        and request.headers.get("Origin") in settings.CORS_ALLOWED_ORIGINS
    )


class BodyGate:
    """Refuse a body that has no length, is packed, is longer than anything here takes, or ends too early.

    Django takes a body without a length for no body at all: what was sent would count for nothing and the answer
    say that all is well. Everything that is left is read here, at most `DATA_UPLOAD_MAX_MEMORY_SIZE` of it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        refused = _why_no_body(request)
        return refusal(request, *refused) if refused else self.get_response(request)


def _why_no_body(request: HttpRequest) -> tuple[HTTPStatus, str] | None:
    """What is wrong with the body of a request, None where nothing is."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return HTTPStatus.LENGTH_REQUIRED, "Send the body with a Content-Length instead of in chunks."
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as it is, without Content-Encoding."
    said = request.META.get("CONTENT_LENGTH") or "0"
    if not (said.isascii() and said.isdecimal()):
        return HTTPStatus.BAD_REQUEST, "The Content-Length of this request is no number."
    length, most = int(said[:18]), int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
    if length > most:
        return (
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"A body has at most {most:,} bytes; this one has {length:,}.",
        )
    try:
        is_whole = not length or len(request.body) >= length
    except UnreadablePostError:
        is_whole = False
    return None if is_whole else (HTTPStatus.BAD_REQUEST, "The body ended before its Content-Length.")


class ResponseHeaders:
    """Headers every answer carries, whoever made it.

    `Vary: HX-Request` because one address gives a page or a fragment of it: without it a browser's Back button
    may show the bare fragment from its cache.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["HX-Request"])
        return response


_OF_A_REFUSAL = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def refusal(request: HttpRequest, status: HTTPStatus, sentence: str) -> HttpResponse:
    """The sentence in the shape the asker reads: the API's error object, or plain text.

    With the headers of every answer: some gates stand before what adds them.
    """
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": sentence, "errors": {}}, status=status, headers=_OF_A_REFUSAL)
    plain = "text/plain; charset=utf-8"
    return HttpResponse(sentence + "\n", status=status, content_type=plain, headers=_OF_A_REFUSAL)
