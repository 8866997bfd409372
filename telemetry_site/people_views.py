"""The page of people: who has which role where, and for administrators of the site, making accounts."""

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from analytics.views import HtmxRequest
from sessions.acts import tell
from sessions.models import Project
from sessions.scope import in_projects, readable_projects
from telemetry_site.access.asking import asker_of
from telemetry_site.access.members import give_role, make_account, people, take_role
from telemetry_site.models import Membership

NO_ROLE = "none"
EVERY_PROJECT = "every"


@never_cache
@require_safe
def people_page(request: HtmxRequest) -> HttpResponse:
    """Accounts with the roles they have in the projects that the reader administers."""
    return _page(request)


def _page(
    request: HtmxRequest, problem: str = "", made: User | None = None, password: str = "", status: int = 200
) -> HttpResponse:
    projects = readable_projects(request)
    context = {
        "people": people(projects),
        "projects": Project.objects.filter(in_projects(projects, "pk")),
        "roles": Membership.Role.choices,
        "is_team": settings.IS_TEAM,
        "is_site": asker_of(request).is_site_administrator,
        "problem": problem,
        "made": made,
        "password": password,
    }
    return render(request, "telemetry_site/people.html", context, status=status)


@never_cache
@require_POST
def change_role(request: HtmxRequest, user_id: int) -> HttpResponse:
    """Give somebody a role in a project, or take it away; `name` finds an account that has none here yet."""
    user = _account(request, user_id)
    project = _project(request)
    role = request.POST.get("role", "")
    if role == NO_ROLE:
        take_role(user, project)
    elif role in Membership.Role.values:
        give_role(user, project, role)
    else:
        return HttpResponseBadRequest("There is no such role.", content_type="text/plain; charset=utf-8")
    tell(request, f"{user}: {role} of {project or 'every project'}", project)
    return redirect("people")


def _account(request: HtmxRequest, user_id: int) -> User:
    """The account of a key; 0 for the one that is named. Nobody changes what he is himself."""
    named = {"username": request.POST.get("name", "").strip()} if user_id == 0 else {"pk": user_id}
    user = User.objects.filter(**named).first()
    if user is None:
        raise Http404("There is no such account.")
    if user == request.user and not asker_of(request).roles.is_site_administrator:
        raise PermissionDenied("Somebody else has to change your own role.")
    return user


def _project(request: HtmxRequest) -> Project | None:
    """The project that a role is for; every project is for administrators of the site to give. Raises Http404."""
    name = request.POST.get("project", "")
    if name == EVERY_PROJECT:
        if not asker_of(request).is_site_administrator:
            raise PermissionDenied("A role in every project is given by administrators of the site.")
        return None
    mine = Project.objects.filter(in_projects(readable_projects(request), "pk"))
    known = name.isascii() and name.isdecimal() and len(name) < 18
    project: Project = get_object_or_404(mine, pk=int(name) if known else 0)
    return project


@never_cache
@require_POST
def make_person(request: HtmxRequest) -> HttpResponse:
    """Make an account and show its first password, this once."""
    try:
        made, password = make_account(request.POST.get("name", ""))
    except ValueError as error:
        return _page(request, problem=str(error), status=400)
    tell(request, made)
    return _page(request, made=made, password=password)


@never_cache
@require_POST
def switch_person(request: HtmxRequest, user_id: int) -> HttpResponse:
    """Switch an account off, which ends its log-ins and tokens at once, or on again."""
    user = get_object_or_404(User, pk=user_id)
    if user == request.user:
        raise PermissionDenied("Somebody else has to switch your account.")
    user.is_active = not user.is_active
    user.save(update_fields=["is_active"])
    tell(request, f"{user}: {'on' if user.is_active else 'off'}")
    return redirect("people")
