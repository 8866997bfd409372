"""Pictures of the style guide and the error pages, to look at: `bin/screenshots FOLDER`.

Two widths, light and dark. Exits with 1 and the messages when the browser's console says anything, when a page
asks for something outside, or when a page is wider than its window.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from playwright.sync_api import Browser, sync_playwright

PAGES = {"styleguide": "", "404": "error/404", "500": "error/500"}
WIDTHS = (1440, 390)
THEMES = ("light", "dark")


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the browser reports what failed."""


@contextmanager
def served() -> Iterator[str]:
    """The style guide on a free port of the loopback address, with the middleware and headers of the project."""
    # The settings of the tests keep their data in a temporary folder: nobody's own database is touched.
    os.environ["DJANGO_SETTINGS_MODULE"] = "telemetry_site.tests.settings"
    django.setup()
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    settings.ROOT_URLCONF = "telemetry_site.tests.styleguide"
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def photograph(browser: Browser, address: str, target: Path, *, width: int, theme: str) -> list[str]:
    """Save one picture; the complaints of the browser about the page, if any."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: None if local(request.url) else complaints.append(request.url))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        complaints.append("the page scrolls sideways")
    page.screenshot(path=target, full_page=True)
    context.close()
    return [f"{target.name}: {complaint}" for complaint in complaints]


def local(address: str) -> bool:
    return address.startswith(("http://127.0.0.1:", "data:"))


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    with served() as root, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
        for name, path in PAGES.items():
            for width in WIDTHS:
                for theme in THEMES:
                    target = folder / f"{name}-{width}-{theme}.png"
                    complaints += photograph(browser, root + path, target, width=width, theme=theme)
        browser.close()
    print("\n".join(complaints) or f"{folder}: no complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")))
