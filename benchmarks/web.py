"""isoflop web beside Streamlit, Panel and marimo pages of one task, in one Chromium: start to chart, bytes, slider.

    python benchmarks/web.py [--rivals-python PATH] [--steps 50] [--tables chinchilla,porian]

A slider is moved by real key presses; the clock runs in the page from the key to the frame after the number that
follows it has changed. PATH is the Python of an environment with streamlit, panel, marimo and what isoflop needs
(isoflop itself is imported from here); ISOFLOP_RIVALS_PYTHON says the same. Without it the rivals are left out.

Then each of our sliders in the page alone: 50 settings from end to end, layout included, on tinylm and on these tables.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from measure import ISOFLOP, ONE_THREAD

HERE = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
CLOCK = """([slider, told]) => {
  window.steps = [];
  const inside = (root) => [...root.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean);
  const find = (what, root = document) =>
    root.querySelector(what) ?? inside(root).reduce((found, one) => found ?? find(what, one), null);
  const read = () => find(told)?.textContent ?? "";
  find(slider).addEventListener("keydown", () => {
    const began = performance.now(), before = read();
    const watch = () => requestAnimationFrame(() => {
      if (["", before].includes(read())) watch(); else window.steps.push(performance.now() - began);
    });
    watch();
  }, true);
}"""

KNOBS = ("flops", "dollars", "unique", "serve")
REDRAWN = """(knob) => [...Array(50).keys()].map((i) => {
  const slider = document.getElementById(knob), began = performance.now();
  slider.value = i * 20;
  slider.dispatchEvent(new Event("input"));
  document.body.getBoundingClientRect();
  return performance.now() - began;
})"""


@dataclass(frozen=True)
class Rival:
    """A page: how it is started, the address it prints, what shows that a chart is there, its slider and its number."""

    name: str
    command: list[str]
    address: str
    chart: str
    slider: str
    number: str


OURS = Rival(
    "isoflop web", [ISOFLOP, "web", "tinylm", "--where", 'role == "sweep"', "--no-browser", "--port", "0"],
    r"(http://\S+)", "#figure-frontier circle.now",
    "#flops", "#loss",
)  # fmt: skip


def rivals(python: str) -> list[Rival]:
    """Give the rivals, run by that Python."""
    address, vega = r"(http://localhost:\S+)", ":is(canvas, svg.marks)"

    def started(name: str, *words: str) -> list[str]:
        return [python, "-m", name, *words[:1], str(HERE / f"web_{name}.py"), *words[1:]]

    quiet = ("--server.headless", "true", "--browser.gatherUsageStats", "false", "--server.port", "8599")
    return [
        Rival("Streamlit", started("streamlit", "run", *quiet), address, f"[data-testid=stVegaLiteChart] {vega}",
              "[data-testid=stSlider] [role=slider], [data-testid=stSlider] input", ".told"),
        Rival("Panel", started("panel", "serve", "--port", "8598"), address, ".bk-Figure canvas", ".noUi-handle",
              ".told"),
        Rival("marimo", started("marimo", "run", "--headless", "--no-token", "--port", "8597"), address,
              f"marimo-vega {vega}, .vega-embed {vega}", "[role=slider]", ".told"),
    ]  # fmt: skip


@contextmanager
def served(rival: Rival) -> Iterator[tuple[str, float]]:
    """Start a page's server and give the address that it prints, and when it was started."""
    began = time.perf_counter()
    environment = (
        os.environ | ONE_THREAD | {"PYTHONPATH": f"{HERE.parent / 'src'}{os.pathsep}{HERE}", "PYTHONUNBUFFERED": "1"}
    )
    process = subprocess.Popen(
        rival.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    try:
        for line in process.stdout or ():
            if address := re.search(rival.address, line):
                yield address[1], began
                return
        raise SystemExit(f"{rival.name} printed no address")
    finally:
        process.terminate()
        process.wait()


def weigh(page: Page) -> list[int]:
    """Count the bytes of what the page loads, as they come over the wire, into the list that is given back."""
    weights: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: weights.append(int(event["encodedDataLength"])))
    return weights


def measured(browser: Browser, rival: Rival, steps: int) -> str:
    """Measure one page and give its row."""
    with served(rival) as (address, began):
        page = browser.new_context().new_page()
        weights = weigh(page)
        opened = time.perf_counter()
        page.goto(address)
        page.wait_for_selector(rival.chart, timeout=60_000)
        shown = time.perf_counter()
        for part in (rival.slider, rival.number):
            page.wait_for_selector(part, state="attached", timeout=60_000)
        page.wait_for_timeout(1500)
        page.evaluate(CLOCK, [rival.slider, rival.number])
        page.focus(rival.slider)
        for step in range(steps):
            page.keyboard.press("ArrowLeft")
            page.wait_for_function("(count) => window.steps.length > count", arg=step, timeout=20_000)
        took = page.evaluate("window.steps")
        page.context.close()
    return (
        f"{rival.name:12} {shown - began:8.2f} s {shown - opened:8.2f} s {sum(weights) / 1e3:9.0f} kB "
        f"{statistics.median(took):8.1f} ms {max(took):8.1f} ms"
    )


def redrawn(browser: Browser, table: str) -> str:
    """Measure how long the page takes for each step of each slider, on one table."""
    cells = []
    with served(OURS) as (address, _):
        for knob in KNOBS:
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.goto(f"{address.partition('#')[0]}#dataset={table}")
            page.wait_for_selector("#view pre", timeout=60_000)
            page.wait_for_timeout(500)
            took = page.evaluate(REDRAWN, knob)
            cells.append(f"{statistics.median(took):7.1f} {max(took):7.1f}")
            page.context.close()
    return "".join(f"{cell:>16}" for cell in (table, *cells))


def main() -> None:
    """Print a row for each page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals-python", default=os.environ.get("ISOFLOP_RIVALS_PYTHON"))
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--tables", default="", help="Datasets besides tinylm, in $ISOFLOP_DATA.")
    asked = parser.parse_args()
    pages = [OURS, *(rivals(asked.rivals_python) if asked.rivals_python else [])]
    print(f"{'':12} {'command':>10} {'page':>10} {'loaded':>12} {'median':>11} {'worst':>11}")
    print(f"{'':12} {'to chart':>10} {'to chart':>10} {'':>12} {'of a step of the slider':>23}")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for rival in pages:
            print(measured(browser, rival, asked.steps), flush=True)
        print("\na step in the page alone, ms: median, worst\n" + "".join(f"{knob:>16}" for knob in ("", *KNOBS)))
        for table in ("tinylm", *filter(None, asked.tables.split(","))):
            print(redrawn(browser, table), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
