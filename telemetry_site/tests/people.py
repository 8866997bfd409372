"""Accounts with roles, and a browser that is logged in as one of them, for tests of team mode."""

from django.contrib.auth.models import User
from django.test import Client

from sessions.models import Project
from telemetry_site.models import Membership


def person(name: str, role: str = "", *projects: Project, everywhere: bool = False) -> User:
    """An account with one role in some projects, or in every one."""
    user: User = User.objects.create_user(name, password="correct horse battery staple")
    places: list[Project | None] = [None] if everywhere else [*projects]
    for project in places if role else ():
        Membership.objects.create(user=user, project=project, role=role)
    return user


def logged_in(user: User) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="telemetry_site.access.logins.PatientBackend")
    return client
