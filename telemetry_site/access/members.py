"""Giving people roles, taking them away, and making accounts."""

import secrets
import string
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction

from sessions.models import Project
from sessions.scope import Projects, in_projects
from telemetry_site.models import Membership

PASSWORD_CHARACTERS: Final = 20


@dataclass(frozen=True, slots=True)
class Person:
    """An account and its roles, as far as whoever looks may know of them."""

    user: User
    memberships: list[Membership]


def people(projects: Projects = None) -> list[Person]:
    """Accounts by name: all of them with all roles, or those that have a role in these projects with those roles."""
    held = Membership.objects.filter(in_projects(projects)).select_related("user", "project")
    told: dict[int, list[Membership]] = {}
    for membership in held:
        told.setdefault(membership.user_id, []).append(membership)
    accounts = User.objects.order_by("username")
    mine = accounts if projects is None else accounts.filter(pk__in=told)
    return [Person(user, told.get(user.pk, [])) for user in mine]


def give_role(user: User, project: Project | None, role: str) -> Membership:
    """Let somebody have this role in a project, in place of another; for None in every project."""
    if role not in Membership.Role.values:
        raise ValueError(f"A role is one of {', '.join(Membership.Role.values)}.")
    membership, _ = Membership.objects.update_or_create(user=user, project=project, defaults={"role": role})
    return membership


def take_role(user: User, project: Project | None) -> bool:
    """Take away what somebody was in a project, or for None in every one; whether there was something to take."""
    taken, _ = Membership.objects.filter(user=user, project=project).delete()
    return bool(taken)


@transaction.atomic
def make_account(name: str) -> tuple[User, str]:
    """A new account and its first password, which is shown once. Raises ValueError for a name that cannot be."""
    name = name.strip()
    if not name or len(name) > 150 or not all(c.isalnum() or c in "@.+-_" for c in name):
        raise ValueError("A name has 1 to 150 letters, digits and @.+-_ alone.")
    if User.objects.filter(username__iexact=name).exists():
        raise ValueError(f"There is an account “{name}” already.")
    alphabet = string.ascii_letters + string.digits
    password = "".join(secrets.choice(alphabet) for _ in range(PASSWORD_CHARACTERS))
    return User.objects.create_user(name, password=password), password
