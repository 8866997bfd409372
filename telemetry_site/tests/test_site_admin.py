"""Roles in the Django admin: seen there by staff who may, and changed only where it is recorded."""

import pytest
from django.contrib.auth.models import Permission, User

from telemetry_site.models import Membership
from telemetry_site.tests.people import logged_in, person

pytestmark = pytest.mark.django_db

ROLES = "/admin/telemetry_site/membership/"


@pytest.fixture
def role() -> Membership:
    person("ada", "viewer", everywhere=True)
    return Membership.objects.get()


def test_roles_are_looked_at_and_by_nobody_changed_there(role: Membership) -> None:
    root = logged_in(User.objects.create_superuser("root", password="x" * 20))
    assert "ada" in root.get(ROLES).text
    assert root.get(f"{ROLES}{role.pk}/change/").status_code == 200
    given = {"user": role.user_id, "role": "admin", "project": ""}
    for place in ("add/", f"{role.pk}/change/", f"{role.pk}/delete/"):
        assert root.post(f"{ROLES}{place}", given | {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [role.pk], "post": "yes"}
    root.post(ROLES, chosen)
    assert list(Membership.objects.values_list("user", "role")) == [(role.user_id, "viewer")]


def test_staff_without_the_permission_see_none(role: Membership) -> None:
    staff = User.objects.create_user("clerk", is_staff=True)
    assert logged_in(staff).get(ROLES).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_membership"))
    assert logged_in(staff).get(ROLES).status_code == 200
