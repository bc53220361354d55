"""Make docs/web.png: the page as it opens, 1280 x 900, in a headless Chromium.

python docs/web_picture.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SIZE = {"width": 1280, "height": 900}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]


def main() -> None:
    """Start the page, wait for its first plan in full, and take its picture."""
    command = [sys.executable, "-m", "isoflop", "web", "--no-browser", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        found = re.search(r"http://\S+", (server.stdout or sys.stdin).readline())
        if found is None:
            raise SystemExit("isoflop web printed no address")
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            page = browser.new_page(viewport=SIZE)
            page.goto(found[0])
            page.wait_for_selector("#view pre", timeout=120_000)
            page.screenshot(path=Path(__file__).with_name("web.png"))
            browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
