"""What tests read off a page."""

from chromium import PATIENCE

MOVED = """(knob) => [...Array(50).keys()].map((i) => {
    const slider = document.getElementById(knob);
    slider.value = i * 20 + 10;
    slider.dispatchEvent(new Event("input"));
    return [...["N", "D", "loss"].map((key) => document.getElementById(key).dataset.value),
            document.querySelector("#figure-contours circle.now").getAttribute("cy")].join(" ");
})"""
"""Moves a slider in 50 steps, and gives what the page shows after each: N, D, loss and where N stands in a figure."""


def number(tab, key):
    """Give the number that a card shows, in full."""
    return float(tab.locator(f"#{key}").get_attribute("data-value"))


def wait(tab, condition, patience=PATIENCE):
    """Wait until an expression is true in the page, whose policy lets no text be run again and again as a program."""
    tab.evaluate(
        "([patience]) => new Promise((done, not) => { const end = Date.now() + patience, look = () => "
        f"(({condition}) ? done() : Date.now() > end ? not('it never came true') : setTimeout(look, 20)); look(); }})",
        [patience],
    )
