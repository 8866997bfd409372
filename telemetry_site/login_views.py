"""Logging in and out, and one's own password."""

from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from telemetry_site.access.people import person
from telemetry_site.access.session_age import end_everywhere


class LoginPage(LoginView):
    """Name and password; whoever is logged in already goes on."""

    template_name = "telemetry_site/login.html"
    redirect_authenticated_user = True


class PasswordPage(PasswordChangeView):
    """Another password, which ends the account's other log-ins."""

    template_name = "telemetry_site/password.html"
    success_url = reverse_lazy("dashboard")


@never_cache
@require_POST
def log_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every log-in of whoever asks, this one included."""
    asking = person(request)
    if asking is not None:
        end_everywhere(asking)
        request.session.flush()
    return redirect("login")
