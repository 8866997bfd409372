"""Naming a list of sessions, naming it otherwise, deleting it, and taking that back."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.http import QueryDict

from sessions.forms import SessionFilterForm
from sessions.list_columns import PARAMETER
from sessions.list_page import address
from telemetry_site.models import SavedView

MOST = 200
MAX_QUERY = 2000
# What was deleted can be had back for so long.
KEPT_FOR = timedelta(days=30)
# Where in the list somebody is, is no part of a view of it.
PLACES = ("page", "offset")


class CannotSave(Exception):
    """A sentence for whoever wanted to save."""


def tidy_query(written: str) -> str:
    """The query of a list as a view keeps it: what the list knows and what is set."""
    given = QueryDict(written[:MAX_QUERY].replace("\0", "").removeprefix("?"))
    known = {*SessionFilterForm.base_fields, PARAMETER} - {*PLACES}
    return address(given, **{name: None for name in given if name not in known}).removeprefix("?")


def save_view(name: str, written: str, owner: User | None, now: datetime) -> SavedView:
    """Keep a list under a name of its own. Raises CannotSave."""
    mine = SavedView.objects.of(owner).present()
    if mine.count() >= MOST:
        raise CannotSave(f"There are {MOST} views already: delete one first.")
    return _named(SavedView(owner=owner, query=tidy_query(written), created_at=now), name)


def rename_view(view: SavedView, name: str) -> SavedView:
    """Raises CannotSave."""
    return _named(view, name)


def delete_view(view: SavedView, now: datetime) -> None:
    """It can be had back for a while; what was deleted longer ago goes for good."""
    SavedView.objects.filter(deleted_at__lt=now - KEPT_FOR).delete()
    view.deleted_at = now
    view.save(update_fields=["deleted_at"])


def restore_view(view: SavedView) -> SavedView:
    """Raises CannotSave where its name was given to another meanwhile."""
    view.deleted_at = None
    return _named(view, view.name)


def _named(view: SavedView, given: str) -> SavedView:
    name = " ".join(given.replace("\0", "").split())
    if not 0 < len(name) <= 100:
        raise CannotSave("A view needs a name of at most 100 characters.")
    with transaction.atomic():
        same = SavedView.objects.of(view.owner).present().filter(name=name).exclude(pk=view.pk)
        if same.exists():
            raise CannotSave(f"There is a view called “{name}” already.")
        view.name = name
        view.save()
    return view
