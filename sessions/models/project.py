from django.db import models

from sessions.querysets import ProjectQuerySet


class Project(models.Model):
    """A repository (or folder) that agents worked in; its worktrees are folded into it."""

    # The normalised root: what makes two spellings of a path (drive letter case, WSL, worktree) one project.
    key = models.CharField(max_length=1000, unique=True)
    slug = models.SlugField(max_length=200, unique=True)
    name = models.CharField(max_length=200)
    root_path = models.CharField(max_length=1000, blank=True)
    # The folder name Claude Code makes of the root: finds the project of sessions that never say where they ran.
    folder_slug = models.CharField(max_length=1000, blank=True, db_index=True)
    is_demo = models.BooleanField(default=False)
    # True: named by a person for plans before any session of it was read; the first sessions from a folder of that
    # name make it theirs.
    awaits_sessions = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name
