"""The page on which people make tokens for their programs, see which there are, and end them."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from sessions.acts import tell
from telemetry_site.access.asking import asker_of
from telemetry_site.access.people import person
from telemetry_site.access.roles import Need
from telemetry_site.access.tokens import create_token, revoke
from telemetry_site.models import ApiToken, ApiTokenQuerySet
from telemetry_site.token_forms import ApiTokenForm


@never_cache
@require_safe
def token_list_page(request: HttpRequest) -> HttpResponse:
    """Tokens one may see, and the form for another."""
    return _page(request, _form(request))


@never_cache
@require_POST
def create_api_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once: the answer is the only place it is ever written to."""
    form = _form(request, request.POST)
    if not form.is_valid():
        # htmx shows no answer that calls itself an error.
        return _page(request, form, status=200 if _is_htmx(request) else 400)
    token, secret = create_token(
        form.cleaned_data["name"],
        form.cleaned_data["scopes"],
        projects=form.bound_projects(),
        expires_at=form.expires_at(timezone.now()),
        owner=person(request),
    )
    tell(request, f"{token}: {', '.join(token.scopes)}")
    return _page(request, _form(request), made=token, secret=secret)


@require_POST
def revoke_api_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """End a token's use, at once and for ever."""
    token = get_object_or_404(visible_tokens(request), pk=token_id)
    tell(request, token)
    revoke(token, timezone.now())
    return _page(request, _form(request)) if _is_htmx(request) else redirect("token-list")


def visible_tokens(request: HttpRequest) -> ApiTokenQuerySet:
    """In local mode and for administrators of the site every token, else one's own."""
    every = ApiToken.objects.all()
    return every if asker_of(request).is_site_administrator else every.filter(owner=person(request))


def _form(request: HttpRequest, data: Any = None) -> ApiTokenForm:
    """A token of everything is for those who may do everything themselves."""
    asker = asker_of(request)
    return ApiTokenForm(
        data, may_administer=asker.is_site_administrator, projects=asker.roles.projects(Need.ADMIN)
    )


def _is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _page(
    request: HttpRequest,
    form: ApiTokenForm,
    *,
    made: ApiToken | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    tokens = visible_tokens(request).select_related("owner").prefetch_related("projects")
    context = {
        "form": form,
        "tokens": [(token, token.state(now)) for token in tokens],
        "made": made,
        "secret": secret,
        "is_team": settings.IS_TEAM,
        "may_make": asker_of(request).may(Need.ADMIN),
        "address": request.build_absolute_uri("/api/projects"),
    }
    template = "telemetry_site/tokens.html"
    return render(request, f"{template}#tokens" if _is_htmx(request) else template, context, status=status)
