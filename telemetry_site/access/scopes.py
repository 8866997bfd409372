"""What each route of the API needs a token to be for. Declared here and nowhere else.

A route or method that is not declared needs `admin`: whoever adds one and forgets this page opens nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from telemetry_site.models import ApiToken

Scope = ApiToken.Scope

# Routes below /api/ that anyone may ask, token or not.
OPEN_ROUTES: Final = frozenset({"health"})

IMPLIED: Final[Mapping[str, frozenset[str]]] = {
    Scope.READ: frozenset({Scope.METRICS_READ}),
    Scope.WRITE: frozenset({Scope.READ, Scope.METRICS_READ}),
    Scope.ADMIN: frozenset(Scope.values),
}

_READ_ROUTES: Final = (
    *("analytics/overview", "analytics/series", "analytics/breakdown", "analytics/correlation"),
    *("responses", "tool-calls"),
    *("analytics/metrics", "analytics/trends"),
    *("projects", "secrets", "search", "ingest/status", "schema"),
    *("sessions", "sessions/<str:session_id>", "sessions/<str:session_id>/entries"),
    *("sessions/<str:session_id>/export",),
    *("sessions/<str:session_id>/raw", "sessions/<str:session_id>/tree", "sessions/<str:session_id>/files"),
    *("sessions/<str:session_id>/tools", "sessions/<str:session_id>/linked-features"),
    *("analytics/channels/<str:channel_id>/deliveries",),
    *("analytics/alerts/<str:alert_id>/events", "analytics/alerts/presets", "analytics/notifications"),
    *("tasks", "tasks/<str:task_id>", "documents", "documents/<str:document_id>"),
    *("features", "features/<str:feature_id>", "features/<str:feature_id>/linked-sessions"),
)

NEEDED: Final[Mapping[str, Mapping[str, Scope]]] = {
    **{route: {"GET": Scope.READ} for route in _READ_ROUTES},
    "analytics/channels": {"GET": Scope.READ, "POST": Scope.ADMIN},
    "analytics/channels/<str:channel_id>": {"GET": Scope.READ, "PATCH": Scope.ADMIN, "DELETE": Scope.ADMIN},
    "analytics/channels/<str:channel_id>/test": {"POST": Scope.ADMIN},
    "analytics/deliveries/<str:delivery_id>/again": {"POST": Scope.WRITE},
    "analytics/export/prometheus": {"GET": Scope.METRICS_READ},
    # Where Prometheus looks by itself; the one route that is not below /api/.
    "metrics": {"GET": Scope.METRICS_READ},
    "sessions/<str:session_id>/links": {"POST": Scope.WRITE},
    "analytics/silences": {"GET": Scope.READ, "POST": Scope.WRITE},
    "analytics/silences/<str:silence_id>": {"GET": Scope.READ, "DELETE": Scope.WRITE},
    "analytics/alerts": {"GET": Scope.READ, "POST": Scope.WRITE},
    "analytics/alerts/preview": {"POST": Scope.READ},
    "analytics/alerts/<str:alert_id>/test": {"POST": Scope.WRITE},
    "analytics/alerts/<str:alert_id>": {"GET": Scope.READ, "PATCH": Scope.WRITE, "DELETE": Scope.WRITE},
    "analytics/notifications/<str:notification_id>": {"PATCH": Scope.WRITE},
    "analytics/notifications/read-all": {"POST": Scope.WRITE},
    "ingest/sync": {"POST": Scope.INGEST},
}


def scope_needed(route: str, method: str) -> Scope:
    """The scope that a method of a route below /api/ needs; asking about a route is as harmless as reading it."""
    method = "GET" if method in ("HEAD", "OPTIONS") else method
    return NEEDED.get(route.removesuffix("/"), {}).get(method, Scope.ADMIN)


def grants(scopes: Iterable[str], needed: str) -> bool:
    """Whether one of `scopes` is `needed` or implies it."""
    return any(scope == needed or needed in IMPLIED.get(scope, ()) for scope in scopes)
