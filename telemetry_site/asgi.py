from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")

application = get_asgi_application()

from telemetry_site.checks import refuse_unsafe_settings  # noqa: E402  (needs the applications to be loaded)

refuse_unsafe_settings()
