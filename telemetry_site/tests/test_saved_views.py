"""Views of the list of sessions with a name: kept per person, renamed, deleted and had back."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client, override_settings
from django.utils import timezone

from telemetry_site.destinations.selectors import destinations
from telemetry_site.models import SavedView
from telemetry_site.saved_views.saving import KEPT_FOR, delete_view, tidy_query
from telemetry_site.tests.people import person

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


def save(client: Client, name: str, query: str = "status=failed", **more: Any) -> Any:
    return client.post("/views/new", {"name": name, "list": query}, **more)


def test_a_view_keeps_what_the_list_knows_without_its_page() -> None:
    assert tidy_query("?q=a&page=3&offset=9&status=&evil=1&columns=cost&tz=UTC") == "q=a&columns=cost&tz=UTC"
    assert tidy_query("\0") == ""


def test_a_view_is_saved_found_and_leads_to_its_list(here: Client) -> None:
    region = save(here, "  Failures <b> ", headers=HTMX).text
    assert (
        'href="/sessions?status=failed"' in region
        and "Failures &lt;b&gt;" in region
        and "<html" not in region
    )
    assert destinations("failures")[0].href == "/sessions?status=failed"
    above = here.get("/views", {"list": "status=failed&page=2"}, headers=HTMX).text
    assert 'aria-current="true"' in above and "Save this view" not in above
    assert "Save this view" in here.get("/views", {"list": "status=active"}, headers=HTMX).text


def test_two_views_of_one_person_have_two_names(here: Client) -> None:
    save(here, "Failures")
    assert "already" in save(here, "Failures", "q=b").text
    assert "needs a name" in save(here, " \0 ").text
    save(here, "Other")
    other = SavedView.objects.get(name="Other")
    assert "already" in here.post(f"/views/{other.pk}", {"name": "Failures"}).text
    assert here.post(f"/views/{other.pk}", {"name": "Others"}).status_code == 302
    assert set(SavedView.objects.values_list("name", flat=True)) == {"Failures", "Others"}


def test_the_database_refuses_a_name_twice() -> None:
    now = timezone.now()
    user = User.objects.create_user("ada")
    for owner in (None, user):
        SavedView.objects.create(name="A", owner=owner, created_at=now)
        SavedView.objects.create(name="A", owner=owner, created_at=now, deleted_at=now)
        with pytest.raises(IntegrityError), transaction.atomic():
            SavedView.objects.create(name="A", owner=owner, created_at=now)


def test_a_deletion_is_taken_back(here: Client) -> None:
    save(here, "Failures")
    view = SavedView.objects.get()
    answer = here.post(f"/views/{view.pk}/delete").text
    assert "“Failures” is deleted" in answer and f'action="/views/{view.pk}/restore"' in answer
    assert destinations("failures") == []
    here.post(f"/views/{view.pk}/restore")
    assert [place.kind for place in destinations("failures")] == ["view"]
    delete_view(view, timezone.now())
    save(here, "Failures")
    assert "already" in here.post(f"/views/{view.pk}/restore").text


def test_what_was_deleted_long_ago_goes_for_good() -> None:
    now = timezone.now()
    old = SavedView.objects.create(name="Old", created_at=now, deleted_at=now - KEPT_FOR - timedelta(days=1))
    delete_view(SavedView.objects.create(name="New", created_at=now), now)
    assert not SavedView.objects.filter(pk=old.pk).exists()
    assert SavedView.objects.filter(name="New").exists()


def test_in_team_mode_views_are_a_persons_own() -> None:
    ada, ben = (person(name, "member", everywhere=True) for name in ("ada", "ben"))
    with override_settings(IS_TEAM=True):
        hers, his = Client(headers={"host": "localhost"}), Client(headers={"host": "localhost"})
        hers.force_login(ada)
        his.force_login(ben)
        save(hers, "Mine")
        view = SavedView.objects.get()
        assert view.owner == ada
        assert "Mine" in hers.get("/views").text and "Mine" not in his.get("/views").text
        assert [his.post(f"/views/{view.pk}{way}").status_code for way in ("", "/delete", "/restore")] == [
            404
        ] * 3
        assert (
            "Mine" in hers.get("/go", {"q": "mine"}).text
            and ">Mine<" not in his.get("/go", {"q": "mine"}).text
        )
    assert "Mine" not in Client(headers={"host": "localhost"}).get("/views").text
