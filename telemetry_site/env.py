"""Reading settings from the environment.

Every reader either returns a valid value or raises `SettingError` with one sentence that names the
variable, the value it found and what it would have accepted. An empty variable counts as unset:
`TELEMETRY_TIME_ZONE= bin/up` is how a shell takes a setting back.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

Environment = Mapping[str, str]

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})

DATABASE_SCHEMES = frozenset({"sqlite", "postgres", "postgresql"})

# A host name, an IPv4 address or an IPv6 address in brackets: what can stand in a Host header before the port.
HOST_PATTERN = re.compile(r"^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$")

ORIGIN_PATTERN = re.compile(r"^https?://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$")
# The ports that go with each kind of connection to a mail server.
MAIL_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
MAIL_SECONDS = 15
MAIL_EXAMPLE = "smtp://user:password@mail.example.org:587?from=ledger@example.org"
ADDRESS_PATTERN = re.compile(r"^[^@\s<>]+@[^@\s<>]+$")
PERIODS = {"second": 1, "minute": 60, "hour": 3600}


class SettingError(ImproperlyConfigured):
    """A setting has a value that cannot be used. The message is a whole sentence for the person who set it."""


def text(environ: Environment, name: str, default: str = "") -> str:
    """The variable's value without surrounding blanks, or `default` when unset or empty."""
    return environ.get(name, "").strip() or default


def flag(environ: Environment, name: str, *, default: bool = False) -> bool:
    """A yes/no variable."""
    value = text(environ, name).lower()
    if not value:
        return default
    if value in YES:
        return True
    if value in NO:
        return False
    raise SettingError(f"{name} is {value!r}; it must be one of 1, true, yes, on, 0, false, no, off.")


def choice(environ: Environment, name: str, accepted: Sequence[str], *, default: str) -> str:
    """One word out of `accepted`, compared without regard to case."""
    value = text(environ, name, default).lower()
    if value not in accepted:
        raise SettingError(f"{name} is {value!r}; it must be one of {', '.join(accepted)}.")
    return value


def time_zone(environ: Environment, name: str, *, default: str) -> str:
    """The name of a time zone of the IANA database."""
    value = text(environ, name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(
            f"{name} is {value!r}; it must be an IANA time zone such as UTC, Europe/Berlin or America/New_York."
        ) from None
    return value


def hosts(environ: Environment, name: str) -> list[str]:
    """Comma-separated host names, exact: no scheme, no port, no wildcard."""
    names = [part.strip().lower() for part in text(environ, name).split(",") if part.strip()]
    for host in names:
        if not HOST_PATTERN.match(host):
            raise SettingError(
                f"{name} contains {host!r}; it must list exact host names separated by commas, "
                "without scheme, port or wildcard, such as ledger.example.org,10.0.0.5."
            )
    return names


def web_address(environ: Environment, name: str) -> str:
    """Where others reach the server: scheme, host and perhaps a port and path; "" when unset."""
    value = text(environ, name)
    parts = urlsplit(value)
    if value and (
        parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment
    ):
        raise SettingError(f"{name} is {value!r}; it must look like https://ledger.example.org.")
    return value.rstrip("/")


@dataclass(frozen=True, slots=True)
class Mail:
    """How mail leaves: Django's MAILERS ({}: not at all), and who it is from."""

    mailers: dict[str, Any] = field(default_factory=dict)
    sender: str = "agent-ledger@localhost"


def mail(environ: Environment, name: str) -> Mail:
    """How mail leaves by the URL of a server. A password in it never appears in the error.

    `smtp` asks for encryption before it says anything else (STARTTLS), `smtps` is encrypted from the start.
    """
    url = text(environ, name)
    if not url:
        return Mail()
    try:
        return _mail(urlsplit(url))
    except (ValueError, KeyError):
        # What stands there is not repeated: where the password is in what is no address, nobody can tell.
        raise SettingError(
            f"{name} is not the address of a mail server; it must look like {MAIL_EXAMPLE} "
            "(smtps:// for TLS from the start, smtp+plain:// for none), with a sender that is an address."
        ) from None


def _mail(parts: SplitResult) -> Mail:
    """Raises ValueError or KeyError for what is no address of a mail server."""
    host, user, query = parts.hostname or "", unquote(parts.username or ""), parse_qs(parts.query)
    sender = query.pop("from", [user])[-1]
    port = MAIL_PORTS[parts.scheme] if parts.port is None else parts.port
    is_known = parts.scheme in MAIL_PORTS
    is_whole = HOST_PATTERN.match(f"[{host}]" if ":" in host else host) and ADDRESS_PATTERN.match(sender)
    if not (is_known and is_whole) or query or parts.path.strip("/") or parts.fragment:
        raise ValueError
    options = {
        "host": host,
        "port": port,
        "username": user,
        "password": unquote(parts.password or ""),
        "use_tls": parts.scheme == "smtp",
        "use_ssl": parts.scheme == "smtps",
        "timeout": MAIL_SECONDS,
    }
    return Mail({"default": {"OPTIONS": options}}, sender)


def origins(environ: Environment, name: str) -> list[str]:
    """Comma-separated origins of browser clients, exactly as a browser writes them: scheme, host and perhaps a port."""
    given = [part.strip().lower() for part in text(environ, name).split(",") if part.strip()]
    for origin in given:
        if not ORIGIN_PATTERN.match(origin):
            raise SettingError(
                f"{name} contains {origin!r}; it must list exact origins separated by commas, without path or "
                "wildcard, such as http://localhost:3000,https://board.example.org."
            )
    # Browsers leave the port of the scheme out.
    return [re.sub(r"^(http://.*):80$|^(https://.*):443$", r"\1\2", origin) for origin in given]


def rate(environ: Environment, name: str, *, default: str) -> tuple[int, int] | None:
    """`<requests>/<second|minute|hour>` as (requests, seconds); None for `off`."""
    value = text(environ, name, default).lower()
    if value == "off":
        return None
    requests, _, period = value.partition("/")
    if requests.isdecimal() and 0 < int(requests) < 10**9 and period in PERIODS:
        return int(requests), PERIODS[period]
    raise SettingError(f"{name} is {value!r}; it must be off or look like 600/minute (or /second, /hour).")


def count(environ: Environment, name: str) -> int | None:
    """A whole number from 1 on; None when it is not set."""
    value = text(environ, name)
    if not value:
        return None
    if value.isdecimal() and 0 < int(value) < 10**6:
        return int(value)
    raise SettingError(f"{name} is {value!r}; it must be a whole number from 1 on.")


def directory(environ: Environment, name: str, *, default: Path) -> Path:
    """An absolute folder path; `~` is the user's home."""
    value = text(environ, name)
    if not value:
        return default
    path = Path(value).expanduser()
    if not path.is_absolute():
        raise SettingError(
            f"{name} is {value!r}; it must be an absolute path, such as /var/lib/agent-ledger."
        )
    if path.exists() and not path.is_dir():
        raise SettingError(f"{name} is {value!r}, which is a file; it must be a folder or not exist yet.")
    return path


def private_directory(path: Path, *, setting: str) -> Path:
    """Make `path` with mode 0700 if it is absent. An existing folder keeps its mode (a check reports a loose one)."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            f"The data folder {path} cannot be created ({error.strerror}); "
            f"{setting} must name a folder this user may write to."
        ) from None
    return path


def file(environ: Environment, name: str) -> Path | None:
    """The absolute path of a file that exists; `~` is the user's home. None when unset."""
    value = text(environ, name)
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_absolute() or not path.is_file():
        raise SettingError(f"{name} is {value!r}; it must be the absolute path of a file that exists.")
    return path


def secret_key(environ: Environment, name: str, *, stored_in: Path) -> str:
    """The signing key: from the variable, else from the file `stored_in`, made once and readable by its owner alone."""
    value = text(environ, name)
    if not value:
        return _key_from(stored_in)
    if len(value) < 32:
        # The value itself is a secret, so the sentence gives its length only.
        raise SettingError(f"{name} has {len(value)} characters; it must have at least 32 random ones.")
    return value


def _key_from(path: Path) -> str:
    if not path.exists():
        _create_key(path)
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"The key file {path} cannot be read ({error}); make it readable or delete it."
        ) from None
    if len(key) < 32:
        raise SettingError(f"The key file {path} holds no usable key; delete it and a new one will be made.")
    return key


def _create_key(path: Path) -> None:
    """Two processes may start at once: a link either appears whole or loses to the one that was first."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        raise SettingError(
            f"The key file {path} cannot be written ({error.strerror}); make its folder writable "
            "or give the key in TELEMETRY_SECRET_KEY."
        ) from None


def database(environ: Environment, name: str, *, default: Path) -> dict[str, Any]:
    """Django's DATABASES entry for a database URL; without one, the SQLite file `default`.

    PostgreSQL and SQLite are accepted. A password in the URL never appears in the error.
    """
    url = text(environ, name)
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(default)}
    accepted = "sqlite:////absolute/path or postgresql://user:password@host:5432/name"
    if urlsplit(url).scheme not in DATABASE_SCHEMES:
        raise SettingError(f"{name} is {_without_password(url)!r}; it must look like {accepted}.")
    try:
        return dict(dj_database_url.parse(url))
    except ValueError:
        # The parser's own message may repeat the password.
        raise SettingError(f"{name} is {_without_password(url)!r}; it must look like {accepted}.") from None


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}:***@{parts.netloc.rpartition('@')[2]}"))
