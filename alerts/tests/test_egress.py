"""Where may be sent to: no connection into a private network, whatever an address or a name server says."""

import ipaddress
import socket
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from alerts import egress
from alerts.channel_editing import checked_target
from alerts.egress import SendFailed, TargetRefused, is_public, parse_target, post

REFUSED = [
    *("", "x", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)"),
    *("//example.org/", "http:example.org", "http:/example.org", "http:///example.org", "https://"),
    *("http://user@example.org/", "http://user:pass@example.org/", "http://example.org@127.0.0.1/"),
    *("http://127.0.0.1/", "http://127.0.0.1:8080/", "http://127.1/", "http://0/", "http://0.0.0.0/"),
    *(
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.0.1/",
    ),
    *("http://10.0.0.5/", "http://172.16.0.1/", "http://192.168.1.1/", "http://169.254.169.254/latest/"),
    *(
        "http://100.64.0.1/",
        "http://198.18.0.1/",
        "http://192.0.2.1/",
        "http://203.0.113.9/",
        "http://240.0.0.1/",
    ),
    *("http://224.0.0.1/", "http://255.255.255.255/", "http://192.0.0.1/"),
    *("http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:10.0.0.1]/"),
    *(
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[fd12::1]/",
        "http://[ff02::1]/",
        "http://[2001:db8::1]/",
    ),
    *(
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:1::1]/",
        "http://[::127.0.0.1]/",
    ),
    *("http://[::1%25lo]/", "http://[::1/", "http://::1/", "http://[v1.x]/"),
    *("http://localhost/", "http://LOCALHOST/", "http://a.localhost/", "http://printer.local/", "http://db/"),
    *("http://metadata.google.internal/", "http://intranet/", "http://localhost./"),
    *(
        "http://example.org:22/",
        "http://example.org:6379/",
        "http://example.org:99999/",
        "http://example.org:0/",
    ),
    *(
        "http://example.org:-1/",
        "http://example.org:8a/",
        "http://exa mple.org/",
        "http://example.org\\@127.0.0.1/",
    ),
    *(
        "http://example.org/\r\nX: y",
        "http://example.org/\t",
        "http://example.org/#a",
        "http://example.org#@10.0.0.1/",
    ),
    *(
        "http://example.org?@127.0.0.1/",
        "http://exämple.org/",
        "http://１２７.0.0.1/",
        "http://example。org/",
    ),
    *(
        "http://ⓔxample.org/",
        "http://example.org%00.evil/",
        "http://%31%32%37.0.0.1/",
        "http://-a.example.org/",
    ),
    *(
        "http://a..example.org/",
        "http://.example.org/",
        "http://example.org./\x00",
        "https://" + "a" * 3000 + ".org/",
    ),
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_public_address_is_refused_when_it_is_typed(url: str) -> None:
    with pytest.raises(TargetRefused):
        parse_target(url)


def test_public_addresses_are_taken_as_they_are() -> None:
    target = parse_target("HTTPS://Hooks.Example.org/Services/T0?x=[1]")
    assert (target.scheme, target.host, target.port) == ("https", "hooks.example.org", 443)
    assert target.path == "/Services/T0?x=[1]"
    assert parse_target("http://8.8.8.8:8080").authority == "8.8.8.8:8080"
    assert parse_target("https://[2606:4700::1111]/").authority == "[2606:4700::1111]"


def test_a_host_that_the_owner_listed_may_be_inside() -> None:
    allowed = ["ntfy.local", "127.0.0.1"]
    assert parse_target("http://ntfy.local:2586/builds", allowed).port == 2586
    assert parse_target("http://127.0.0.1:9/", allowed).host == "127.0.0.1"
    with pytest.raises(TargetRefused):
        parse_target("http://127.0.0.2/", allowed)


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "169.254.169.254",
        "0.0.0.0",
        "224.1.1.1",
        "fe80::1",
    ],
)
def test_an_address_that_carries_a_private_one_is_private(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert is_public(ipaddress.ip_address("1.1.1.1"))


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that a connection was tried to; none ever is made."""
    found: list[str] = []

    def dial(address: tuple[str, int], timeout: float) -> Any:
        found.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", dial)
    return found


def answering(monkeypatch: pytest.MonkeyPatch, *rounds: list[str]) -> list[int]:
    """A name server with one round of answers after the other; counts how often it was asked."""
    asked: list[int] = []

    def answer(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(1)
        addresses = rounds[min(len(asked), len(rounds)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


@pytest.mark.parametrize("url", REFUSED)
def test_saving_and_sending_refuse_the_same_and_dial_nothing(
    monkeypatch: pytest.MonkeyPatch, dialled: list[str], url: str
) -> None:
    answering(monkeypatch, ["127.0.0.1"])
    with pytest.raises(ValidationError):
        checked_target("webhook", url)
    with pytest.raises(TargetRefused):
        post(url, b"{}", {})
    assert dialled == []


@pytest.mark.parametrize(
    "answers", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"], ["93.184.216.34", "fe80::1%eth0"]]
)
def test_one_private_answer_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch, dialled: list[str], answers: list[str]
) -> None:
    answering(monkeypatch, answers)
    with pytest.raises(TargetRefused):
        post("https://hooks.example.org/", b"{}", {})
    assert dialled == []


def test_a_name_that_changes_its_mind_leads_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch, dialled: list[str]
) -> None:
    asked = answering(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    with pytest.raises(SendFailed):
        post("http://rebind.example.org/", b"{}", {})
    assert (dialled, len(asked)) == (["93.184.216.34"], 1)


def test_a_name_without_an_address_is_no_connection(
    monkeypatch: pytest.MonkeyPatch, dialled: list[str]
) -> None:
    answering(monkeypatch, [])
    with pytest.raises(SendFailed):
        post("http://nowhere.example.org/", b"{}", {})
    assert dialled == []
    with pytest.raises(SendFailed, match="too long"):
        post("http://nowhere.example.org/", b"x" * (egress.BODY_BYTES + 1), {})
