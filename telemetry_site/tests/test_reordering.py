"""Marks that turn text around are written out on pages, and stay where a program reads."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from telemetry_site.reordering import VisibleReordering

TURNED = "a\u202egpj.exe\u2069 – שלום\u200f"


def answered(response: HttpResponse) -> str:
    return bytes(VisibleReordering(lambda request: response)(HttpRequest())).decode().split("\r\n\r\n")[-1]


def test_pages_write_them_out_and_keep_the_rest() -> None:
    assert answered(HttpResponse(TURNED)) == "a[U+202E]gpj.exe[U+2069] – שלום\u200f"


def test_programs_get_what_was_read() -> None:
    assert answered(HttpResponse(TURNED, content_type="application/json")) == TURNED


def test_streams_are_left_alone() -> None:
    stream = StreamingHttpResponse([TURNED])
    assert VisibleReordering(lambda request: stream)(HttpRequest()) is stream
