"""All settings of Agent Ledger, in one file, from the environment.

`docs/operations.md` documents every variable; `telemetry_site/checks.py` reports combinations that cannot work.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import django
import drf_spectacular_sidecar
import platformdirs
import rest_framework
from django.utils.csp import CSP

from telemetry_site import env
from telemetry_site.api_vocabulary import TAGS

BASE_DIR = Path(__file__).resolve().parent.parent

# What is told apart by mode: `local` is one person on a loopback address without a login,
# `team` is a server where everyone logs in.
TELEMETRY_MODE = env.choice(os.environ, "TELEMETRY_MODE", ("local", "team"), default="local")
# `link`: a browser has to bring a link that only the owner of the machine sees.
TELEMETRY_LOCAL_AUTH = env.choice(os.environ, "TELEMETRY_LOCAL_AUTH", ("off", "link"), default="off")
TELEMETRY_TIME_ZONE = env.time_zone(os.environ, "TELEMETRY_TIME_ZONE", default="UTC")
# Prices of one's own, in front of the price book that comes with the program.
TELEMETRY_PRICES = env.file(os.environ, "TELEMETRY_PRICES")
# How many months of text `manage.py prune` keeps; nothing is dropped unless it is told to.
TELEMETRY_KEEP_TEXT_MONTHS = env.count(os.environ, "TELEMETRY_KEEP_TEXT_MONTHS")
TELEMETRY_ADMIN = env.flag(os.environ, "TELEMETRY_ADMIN", default=True)
TELEMETRY_ALLOWED_HOSTS = env.hosts(os.environ, "TELEMETRY_ALLOWED_HOSTS")
# Hosts of the own network that alerts may be sent to, and where links in messages lead.
TELEMETRY_ALERT_HOSTS = env.hosts(os.environ, "TELEMETRY_ALERT_HOSTS")
# Not kept whole: the address of the server may hold its password.
_MAIL = env.mail(os.environ, "TELEMETRY_MAIL")
MAILERS = _MAIL.mailers
# No mail server is a choice, which channels and the settings page tell; `check` need not at every start.
SILENCED_SYSTEM_CHECKS = ["mail.W001"]
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _MAIL.sender
TELEMETRY_PUBLIC_URL = env.web_address(os.environ, "TELEMETRY_PUBLIC_URL")
# A reverse proxy that ends TLS and sets (never passes on) X-Forwarded-Proto stands in front.
TELEMETRY_TRUSTED_PROXY = env.flag(os.environ, "TELEMETRY_TRUSTED_PROXY")
TELEMETRY_INSECURE_HTTP = env.flag(os.environ, "TELEMETRY_INSECURE_HTTP")
# Other origins a browser client may ask the API from.
TELEMETRY_CORS_ORIGINS = env.origins(os.environ, "TELEMETRY_CORS_ORIGINS")
TELEMETRY_SECRET_KEY_GIVEN = bool(env.text(os.environ, "TELEMETRY_SECRET_KEY"))
IS_TEAM = TELEMETRY_MODE == "team"
# One person's own programs and pages need no limit; a server shares its time among many.
TELEMETRY_API_RATE = env.rate(os.environ, "TELEMETRY_API_RATE", default="1200/minute" if IS_TEAM else "off")
TELEMETRY_API_HEAVY_RATE = env.rate(
    os.environ, "TELEMETRY_API_HEAVY_RATE", default="60/minute" if IS_TEAM else "off"
)
DEBUG = env.flag(os.environ, "TELEMETRY_DEBUG")
# Whether what is masked can be shown at all, to those who may see it.
TELEMETRY_REVEAL = env.flag(os.environ, "TELEMETRY_REVEAL", default=True)

# Transcripts hold source code and prompts: nothing this process creates is for other users of the machine.
os.umask(0o077)
TELEMETRY_DATA_DIR = env.private_directory(
    env.directory(
        os.environ,
        "TELEMETRY_DATA_DIR",
        default=Path(platformdirs.user_data_dir("agent-ledger", appauthor=False)),
    ),
    setting="TELEMETRY_DATA_DIR",
)
SECRET_KEY = env.secret_key(os.environ, "TELEMETRY_SECRET_KEY", stored_in=TELEMETRY_DATA_DIR / "secret-key")

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = [*LOOPBACK_HOSTS, *TELEMETRY_ALLOWED_HOSTS]

INSTALLED_APPS = [
    "telemetry_site.apps.TelemetrySiteConfig",
    "alerts.apps.AlertsConfig",
    "analytics.apps.AnalyticsConfig",
    "tasks.apps.ProjectTasksConfig",
    "sessions.apps.AgentSessionsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
]

MIDDLEWARE = [
    "telemetry_site.http_metrics.HttpMetrics",
    # The gates come first so that static files, health and errors are behind them too.
    "telemetry_site.middleware.HostGate",
    "telemetry_site.middleware.NulGate",
    "telemetry_site.middleware.ResponseHeaders",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    # Before the gate: a preflight is answered here, and whoever is refused may not read why.
    "corsheaders.middleware.CorsMiddleware",
    "telemetry_site.middleware.OriginGate",
    "telemetry_site.middleware.BodyGate",
    "telemetry_site.compression.CompressedFiles",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    *(["django.contrib.auth.middleware.LoginRequiredMiddleware"] if IS_TEAM else []),
    "telemetry_site.access.session_age.SessionAge",
    "telemetry_site.access.local_key.LocalKey",
    "telemetry_site.audit.recording.AuditTrail",
    "telemetry_site.access.asking.RoleGate",
    "telemetry_site.access.logins.LoginPause",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "telemetry_site.reordering.VisibleReordering",
]

# Forms and the bodies of the API are a few kilobytes.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20

ROOT_URLCONF = "telemetry_site.urls"
WSGI_APPLICATION = "telemetry_site.wsgi.application"
APPEND_SLASH = False

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "telemetry_site.context.site_state",
            ],
        },
    },
]

# Order matters: the page size holds only for a file that is still empty, and WAL fixes it.
SQLITE_PRAGMAS = {
    "page_size": "8192",
    "journal_mode": "WAL",
    "synchronous": "NORMAL",
    # Pages of the log, 32 MB: a page that changes again and again while much is written is copied over once.
    "wal_autocheckpoint": "4000",
    "mmap_size": str(256 * 1024 * 1024),
    "cache_size": "-32768",
    "temp_store": "MEMORY",
}
SQLITE_OPTIONS: dict[str, Any] = {
    # A transaction that starts as a reader and then writes fails at once when another writer was faster;
    # IMMEDIATE waits its turn instead.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "".join(f"PRAGMA {name}={value};" for name, value in SQLITE_PRAGMAS.items()),
}

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database(os.environ, "DATABASE_URL", default=TELEMETRY_DATA_DIR / "agent-ledger.sqlite3")
}
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"] |= {"ENGINE": "telemetry_site.fair_sqlite", "OPTIONS": SQLITE_OPTIONS}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
USE_TZ = True
# Storage and arithmetic are UTC; TELEMETRY_TIME_ZONE only decides what a "day" of a report is.
TIME_ZONE = "UTC"


def static_version(folder: Path) -> str:
    """Ten hex digits that change whenever a file of ours, Django's, DRF's or Swagger UI's may have changed."""
    versions = (django.__version__, rest_framework.VERSION, drf_spectacular_sidecar.__version__)
    digest = hashlib.sha256(" ".join(versions).encode())
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"\0{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


# The version is part of the address, so every file is served as immutable straight from its source folder:
# no collectstatic, no manifest, and relative references between files keep working.
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_URL = "/static/" if DEBUG else f"/static/{static_version(BASE_DIR / 'static')}/"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_IMMUTABLE_FILE_TEST = "^(?!)" if DEBUG else f"^{STATIC_URL}"

SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if TELEMETRY_TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CORS_ALLOWED_ORIGINS = TELEMETRY_CORS_ORIGINS
CORS_URLS_REGEX = r"^/api/"
# Never: an origin that is allowed to ask is not allowed to ask as whoever is logged in here.
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ["DELETE", "GET", "OPTIONS", "PATCH", "POST"]
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "if-match", "if-none-match"]
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After", "WWW-Authenticate", "Content-Disposition"]

# Cookies are shared by all ports of a host, so ours must not collide with another program on localhost.
# The __Host- prefix makes browsers refuse them without TLS, from subdomains or for other paths.
HAS_TLS = IS_TEAM and not TELEMETRY_INSECURE_HTTP
if HAS_TLS:
    SECURE_HSTS_SECONDS = 365 * 86_400
    # What is on other names of the domain is not ours to decide (W005, W021). Requests without TLS are the declared
    # proxy's to redirect (W008): those that come here directly are probes and scrapes of the machine itself.
    SILENCED_SYSTEM_CHECKS += ["security.W005", "security.W021", "security.W008"]
COOKIE_PREFIX = "__Host-" if HAS_TLS else ""
COLUMNS_COOKIE_NAME = f"{COOKIE_PREFIX}agent_ledger_columns"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}agent_ledger_login"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}agent_ledger_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HAS_TLS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
# Without use a log-in ends after a week; telemetry_site/access/session_age.py ends it after a month in any case.
SESSION_COOKIE_AGE = 7 * 86_400
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = ["telemetry_site.access.logins.PatientBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # JSON only: an HTML form of another site can post urlencoded or multipart bodies without asking first.
    "DEFAULT_PARSER_CLASSES": ["telemetry_site.api_parsing.BoundedJSONParser"],
    # The token first: its challenge is what a 401 carries, and a token that is sent is what counts.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "telemetry_site.access.authentication.TokenAuthentication",
        *(["rest_framework.authentication.SessionAuthentication"] if IS_TEAM else []),
    ],
    "DEFAULT_PERMISSION_CLASSES": ["telemetry_site.access.permissions.MayAsk"],
    "DEFAULT_THROTTLE_CLASSES": [
        "telemetry_site.access.throttles.ApiThrottle",
        "telemetry_site.access.throttles.HeavyThrottle",
    ],
    "DEFAULT_SCHEMA_CLASS": "telemetry_site.api_schema.OperationSchema",
    "EXCEPTION_HANDLER": "telemetry_site.api_errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Agent Ledger",
    "DESCRIPTION": "What coding agents did, what it cost, what it served and what failed.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["telemetry_site.access.permissions.MayAsk"],
    "TAGS": [{"name": name, "description": meaning} for name, meaning in TAGS.items()],
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "telemetry_site.api_schema.close_bodies",
    ],
    # A list of values says itself what its values are.
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # One name for each set of values, under whatever field names they appear.
    "ENUM_NAME_OVERRIDES": {
        "PlanStatusEnum": "tasks.models.Status",
        "LinkStateEnum": "tasks.models.Link.State",
        "AlertStateEnum": "alerts.serializers.STATES",
        "ChannelKindEnum": "alerts.channel_api.KINDS",
        "SessionStatusEnum": "sessions.selectors.filters.STATUSES",
        "OutcomeEnum": "sessions.models.ToolCall.Outcome",
        "HealthEnum": "telemetry_site.health.STATES",
    },
}
