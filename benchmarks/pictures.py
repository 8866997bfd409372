"""Make the pictures of the README anew: the demo project in a database of its own, seen by Chromium.

python -m benchmarks.pictures docs/pictures
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.pages import longest_session, served

QUALITY = 0.8
# The browser writes WebP from a canvas, and pictures of pages as PNG alone.
TO_WEBP = """async ([png, quality]) => {
  const picture = new Image();
  picture.src = "data:image/png;base64," + png;
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), {width: picture.width, height: picture.height});
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""

ONLY_THOSE_TYPED = """() => {
  const found = [...document.querySelectorAll("#palette-list .palette-name")].map(name => name.textContent);
  return found.length > 2 && found.every(name => /standing/i.test(name));
}"""


def palette(page: Any) -> None:
    """Going somewhere by name, over the list of sessions."""
    page.keyboard.press("Control+k")
    page.keyboard.type("standing")
    page.wait_for_function(ONLY_THOSE_TYPED)


def nothing(page: Any) -> None:
    """The page as it opens."""


PICTURES: dict[str, tuple[str, Callable[[Any], None]]] = {
    "dashboard": ("/", nothing),
    "session": ("", nothing),
    "features": ("/features", nothing),
    "alert": ("/alerts/new?preset=alert-cost", nothing),
    "palette": ("/sessions", palette),
}


def make(folder: Path) -> None:
    """Write every picture, as small as it can be read."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with served("demo") as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program if Path(program).exists() else None,
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
        writer = browser.new_page()
        for name, (path, prepare) in PICTURES.items():
            page.goto(address + (path or longest_session(address)))
            page.wait_for_load_state("networkidle")
            prepare(page)
            png = base64.b64encode(page.screenshot(animations="disabled")).decode()
            (folder / f"{name}.webp").write_bytes(base64.b64decode(writer.evaluate(TO_WEBP, [png, QUALITY])))
        browser.close()


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print(__doc__)
        return 2
    make(Path(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
