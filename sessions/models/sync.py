from datetime import datetime, timedelta

from django.db import models


class DirtyQuarter(models.Model):
    """A 15-minute slot (UTC) whose facts changed after its rollups were made."""

    quarter = models.IntegerField(primary_key=True)


class SyncLease(models.Model):
    """Who is writing now. Correctness rests on unique keys; the lease spares two readers the same work."""

    name = models.CharField(max_length=40, primary_key=True)
    owner = models.CharField(max_length=200)
    expires_at = models.DateTimeField()


# A run that tells nothing for so long was killed.
ALIVE_FOR = timedelta(minutes=2)


class SyncRun(models.Model):
    """One run of `sync`: its progress while it runs and its report afterwards."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        STOPPED = "stopped"

    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    is_first = models.BooleanField(default=False)
    files_total = models.IntegerField(default=0)
    files_done = models.IntegerField(default=0)
    bytes_total = models.BigIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    lines_done = models.IntegerField(default=0)
    looked_in = models.JSONField(default=list)  # [{"path": ..., "exists": ...}]
    report = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]

    def is_alive(self, now: datetime) -> bool:
        """Whether the run goes on; one that was killed says so for a while longer.

        Not for as long as the clock went back since.
        """
        return self.state == self.State.RUNNING and abs(self.heartbeat_at - now) < ALIVE_FOR
