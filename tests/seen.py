"""What tests read off a page."""

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
