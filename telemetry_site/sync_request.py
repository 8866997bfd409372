"""Starting a run of reading from a process that has other things to do."""

import sys
from datetime import datetime
from subprocess import DEVNULL, Popen
from threading import Thread

from django.conf import settings

from sessions.leases import is_held


def ask_for_sync(now: datetime) -> bool:
    """Start a run in a process of its own; False where one is under way.

    Should two be started at the same moment, the lease lets one of them read and ends the other.
    """
    if is_held("sync", now):
        return False
    run = Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "sync"],
        cwd=settings.BASE_DIR,
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    # Somebody has to learn that it ended, or it would stay behind as a zombie.
    Thread(target=run.wait, daemon=True).start()
    return True
