"""Who else works at this machine, and could open what listens on its loopback addresses."""

import pwd
from collections.abc import Iterable
from typing import Final

# Accounts of people, as Linux numbers them.
FIRST_ACCOUNT: Final = 1000
LAST_ACCOUNT: Final = 60_000


def other_people(accounts: Iterable[pwd.struct_passwd], own: int) -> list[str]:
    """Who else can work at this machine: accounts of people that have a shell."""
    return [
        account.pw_name
        for account in accounts
        if FIRST_ACCOUNT <= account.pw_uid < LAST_ACCOUNT
        and account.pw_uid != own
        and not account.pw_shell.endswith(("nologin", "false"))
    ]


def notice_of_others(mode: str, local_auth: str, others: list[str]) -> str | None:
    """What start-up says where others could open the pages; None where they could not."""
    if mode != "local" or local_auth == "link" or not others:
        return None
    people = "Another user" if len(others) == 1 else f"{len(others)} other users"
    return (
        f"{people} of this machine can open this address and read everything. "
        "TELEMETRY_LOCAL_AUTH=link asks each browser for a link that only you see."
    )
