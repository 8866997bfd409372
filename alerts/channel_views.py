"""The pages about where alerts are told: channels and how they do, what was sent, trials, sending again."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from alerts.channel_form import ChannelForm
from alerts.delivery import Trial, send_again, try_channel
from alerts.models import Channel, Delivery
from analytics.views import HtmxRequest
from sessions.acts import tell
from sessions.scope import readable_projects
from sessions.selectors import projects_with_sessions

LATEST = 25


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def channel_list_page(request: HtmxRequest) -> HttpResponse:
    """Every channel and how it does, and the form for another. The secret of a new one is in this answer alone."""
    if request.method != "POST":
        return _list(request, ChannelForm.empty())
    form = ChannelForm.of_post(request.POST)
    made = form.save(None, readable_projects(request))
    if made is None:
        return _list(request, form, status=400)
    tell(request, made.name, made.project)
    return _list(request, ChannelForm.empty(), made=made)


def _list(
    request: HttpRequest, form: ChannelForm, *, made: Channel | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "channels": Channel.objects.seen_from(readable_projects(request)).select_related("project"),
        "form": form,
        "made": made,
        "secret": made.secret if made else "",
        **_choices(request),
    }
    return render(request, "alerts/channels/list.html", context, status=status)


def _choices(request: HttpRequest) -> dict[str, Any]:
    return {
        "kinds": Channel.Kind.choices,
        "projects": projects_with_sessions(readable_projects(request)),
        "has_mail": bool(settings.MAILERS),
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def channel_detail_page(request: HtmxRequest, channel_id: str) -> HttpResponse:
    """One channel: its settings, how it does, and what it was told last."""
    channel = _named(request, channel_id)
    if request.method != "POST":
        return _detail(request, channel, ChannelForm.of(channel))
    form = ChannelForm.of_post(request.POST)
    if form.save(_own(request, channel), readable_projects(request)) is None:
        return _detail(request, channel, form, status=400)
    return redirect("channel-detail", channel_id)


def _detail(
    request: HttpRequest,
    channel: Channel,
    form: ChannelForm,
    *,
    trial: Trial | None = None,
    status: int = 200,
) -> HttpResponse:
    deliveries = Delivery.objects.readable(readable_projects(request)).filter(channel=channel)
    deliveries = deliveries.select_related("event__rule")
    context = {
        "channel": channel,
        "form": form,
        "trial": trial,
        "deliveries": deliveries[:LATEST],
        **_choices(request),
    }
    return render(request, "alerts/channels/detail.html", context, status=status)


@never_cache
@require_POST
def try_channel_page(request: HtmxRequest, channel_id: str) -> HttpResponse:
    """Send a marked sample, once, and say how that went."""
    channel = _own(request, _named(request, channel_id))
    trial = try_channel(channel, timezone.now())
    channel.refresh_from_db()
    if request.htmx:
        return render(request, "alerts/channels/_trial.html", {"trial": trial, "channel": channel})
    return _detail(request, channel, ChannelForm.of(channel), trial=trial)


@require_POST
def delete_channel(request: HtmxRequest, channel_id: str) -> HttpResponse:
    """Take a channel away; what was to be told there is not."""
    _own(request, _named(request, channel_id)).delete()
    return redirect("channel-list")


@require_POST
def send_delivery_again(request: HtmxRequest, delivery_id: int) -> HttpResponse:
    """Send what was given up or left out once more."""
    found = _delivery(request, delivery_id)
    send_again(found, timezone.now())
    if not request.htmx:
        return redirect("channel-detail", found.channel.public_id)
    again = Delivery.objects.select_related("event__rule").get(pk=found.pk)
    return render(request, "alerts/channels/_delivery.html", {"delivery": again})


def _delivery(request: HttpRequest, delivery_id: int) -> Delivery:
    mine = Delivery.objects.readable(readable_projects(request)).select_related("channel")
    found: Delivery = get_object_or_404(mine, pk=delivery_id)
    tell(request, found.channel.name, found.channel.project)
    return found


def _named(request: HttpRequest, channel_id: str) -> Channel:
    mine = Channel.objects.seen_from(readable_projects(request)).select_related("project")
    found: Channel = get_object_or_404(mine, public_id=channel_id)
    tell(request, found.name, found.project)
    return found


def _own(request: HttpRequest, channel: Channel) -> Channel:
    """The channel, to change it or to send there: what serves every project is not one project's to change."""
    if channel.project_id is None and readable_projects(request) is not None:
        raise PermissionDenied("This channel serves every project, and you may change some of them.")
    return channel
