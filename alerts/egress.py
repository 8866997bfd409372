"""Sending to addresses that people typed: never into the network this server stands in, unless its owner said so.

One parser decides what an address means, both when it is saved and when it is used. A name is resolved once, every
answer is checked, and the connection goes to the address that was checked: a name that changes its mind in between
leads nowhere else. Nothing is followed, and nothing is read for longer or further than needed.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 8.0
# Also for a receiver that sends a byte now and then.
DEADLINE_SECONDS = 15.0
EXCERPT_BYTES = 2048
BODY_BYTES = 20_000
MAX_URL = 2000
PORTS = frozenset({80, 443, 8080, 8443})

_URL = re.compile(
    r"\A(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9._-]{0,252}))"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!-\"$-\[\]-~]*)?\Z"
)
_LABEL = re.compile(r"\A[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
# Addresses that carry another one inside, which is where they would lead.
_CARRIERS = tuple(
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


class TargetRefused(ValueError):
    """The address is not one that may be sent to. The message is a sentence for the person who typed it."""


class SendFailed(Exception):
    """No answer came. The message says why, in a few words."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was understood."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.scheme == "https" else 80)
        return host if usual else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said."""

    status: int
    retry_after: str
    excerpt: str


def parse_target(url: str, allowed_hosts: Collection[str] = ()) -> Target:
    """The target of an address. Raises TargetRefused; addresses of this network need their host allowed."""
    found = _URL.match(_lowered(url)) if len(url) <= MAX_URL else None
    if found is None:
        raise TargetRefused("An address looks like https://hooks.example.org/path, in plain letters.")
    host = found["host"].strip("[]")
    scheme = found["scheme"]
    port = int(found["port"] or (443 if scheme == "https" else 80))
    literal = _literal(host)
    if literal is None and not all(_LABEL.match(label) for label in host.split(".")):
        raise TargetRefused("The host in this address is not a name.")
    if host not in allowed_hosts:
        if port not in PORTS:
            raise TargetRefused(f"Port {port} is not one of {', '.join(map(str, sorted(PORTS)))}.")
        if literal is None and (
            "." not in host or host.rpartition(".")[2] in ("localhost", "local", "internal")
        ):
            raise TargetRefused(_PRIVATE)
        if literal is not None and not is_public(literal):
            raise TargetRefused(_PRIVATE)
    # The path keeps its case; only scheme and host are the same in either.
    path = url[len(url) - len(found["path"]) :] if found["path"] else "/"
    return Target(scheme, host, port, path)


_PRIVATE = "This address is inside a private network; TELEMETRY_ALERT_HOSTS can allow its host."


def _lowered(url: str) -> str:
    """Scheme and host in lower case, the rest as it is."""
    head, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{head.lower()}{mark}{host.lower()}{slash}{path}"


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address a host is; None for a name. Numbers that only some programs read as an address are refused."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        if ":" in host or last.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", last):
            raise TargetRefused("The host in this address is neither a name nor an IP address.") from None
        return None


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of the internet, and carries no other inside."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in net for net in _CARRIERS):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(target: Target, allowed_hosts: Collection[str] = ()) -> str:
    """The address to connect to. Raises TargetRefused when any answer is private, SendFailed when there is none."""
    try:
        answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SendFailed(f"The name {target.host} could not be resolved.") from error
    found = [str(answer[4][0]).partition("%")[0] for answer in answers]
    if not found:
        raise SendFailed(f"The name {target.host} could not be resolved.")
    if target.host not in allowed_hosts and not all(is_public(ipaddress.ip_address(each)) for each in found):
        raise TargetRefused(_PRIVATE)
    return found[0]


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, under the name it was asked for by."""

    def __init__(self, target: Target, address: str) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT_SECONDS)
        self._target, self._address = target, address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self._target.port), TIMEOUT_SECONDS)
        if self._target.scheme == "http":
            self.sock = plain
            return
        try:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._target.host)
        except BaseException:
            plain.close()
            raise


def post(url: str, body: bytes, headers: Mapping[str, str], *, allowed_hosts: Collection[str] = ()) -> Answer:
    """Send a body. Raises TargetRefused and SendFailed; any answer at all is returned, whatever its status."""
    if len(body) > BODY_BYTES:
        raise SendFailed("The message is too long.")
    target = parse_target(url, allowed_hosts)
    connection = _Pinned(target, resolve(target, allowed_hosts))
    watch = threading.Timer(DEADLINE_SECONDS, _cut, [connection])
    watch.daemon = True
    watch.start()
    try:
        connection.request("POST", target.path, body, {**headers, "Host": target.authority})
        response = connection.getresponse()
        excerpt = response.read(EXCERPT_BYTES).decode("utf-8", "replace")
        return Answer(response.status, response.headers.get("Retry-After", ""), _printable(excerpt))
    except (OSError, http.client.HTTPException, AttributeError, ValueError) as error:
        # A connection that was cut has no socket any more, which the library meets in its own ways.
        raise SendFailed(f"No answer ({type(error).__name__}).") from error
    finally:
        watch.cancel()
        connection.close()


def _cut(connection: Any) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is over already


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300].strip()
