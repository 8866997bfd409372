"""Taking demo data out again. Nothing else is ever removed: what was read once is kept."""

from django.db.models import QuerySet

from sessions.models import AgentSession, ArchiveSegment, Project, SourceFile
from sessions.rebuild import delete_facts
from sessions.search.items import forget_projects


def remove_sources(sources: QuerySet[SourceFile]) -> int:
    """Delete demo sources with all that came of them; callers hold the transaction and refresh afterwards."""
    ids = set(sources.filter(is_demo=True).values_list("id", flat=True))
    sessions = set(AgentSession.objects.filter(is_demo=True).values_list("id", flat=True))
    if not ids:
        return 0
    delete_facts(sessions, ids)
    ArchiveSegment.objects.filter(source_id__in=ids).delete()
    AgentSession.objects.filter(id__in=sessions).delete()
    SourceFile.objects.filter(id__in=ids).delete()
    emptied = Project.objects.filter(is_demo=True, sessions=None)
    forget_projects(emptied.values_list("id", flat=True))
    emptied.delete()
    return len(ids)
