"""The settings of the test suite: those of the project, with every outside influence taken away.

The data folder is a temporary one, the developer's own variables count for nothing, and the database is
`TEST_DATABASE_URL` or SQLite.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

KEPT = {"TELEMETRY_CORPUS"}

for name in [name for name in os.environ if name.startswith("TELEMETRY_") and name not in KEPT]:
    del os.environ[name]
os.environ.pop("DATABASE_URL", None)
os.environ.pop("CLAUDE_CONFIG_DIR", None)
if os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
# In the environment, so that commands a test starts as processes of their own use it too.
os.environ["TELEMETRY_DATA_DIR"] = tempfile.mkdtemp(prefix="agent-ledger-tests-")
atexit.register(shutil.rmtree, os.environ["TELEMETRY_DATA_DIR"], ignore_errors=True)

from telemetry_site.settings import *  # noqa: E402, F403  (the variables above must be set first)

# SQLite in a file, as in use. In memory a live server's threads would share one connection with the test, and with it
# transactions and statements under way: answers of 404 and 500 that no user can meet.
if DATABASES["default"]["ENGINE"] == "telemetry_site.fair_sqlite":  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": TELEMETRY_DATA_DIR / "tests.sqlite3"}  # noqa: F405

# The real hasher is slow on purpose, which tests of log-ins need not wait for.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Mail is kept in memory by the test runner, whatever the server.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
