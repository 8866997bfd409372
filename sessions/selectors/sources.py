"""Which files an asker may know of."""

from django.db.models import Exists, OuterRef

from sessions.models import SourceFile, SourceSession
from sessions.querysets import SourceFileQuerySet
from sessions.scope import Projects, in_projects


def sources_of(projects: Projects) -> SourceFileQuerySet:
    """Transcripts whose sessions all belong to these projects; None is every file, plans included."""
    every: SourceFileQuerySet = SourceFile.objects.all()
    if projects is None:
        return every
    links = SourceSession.objects.filter(source=OuterRef("pk"))
    foreign = links.exclude(in_projects(projects, "session__project"))
    mine: SourceFileQuerySet = every.filter(Exists(links)).exclude(Exists(foreign))
    return mine
