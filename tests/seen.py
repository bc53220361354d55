"""What tests read off a page."""

REDRAWN = """(knob) => [...Array(50).keys()].map((i) => {
    const slider = document.getElementById(knob), began = performance.now();
    slider.value = i * 20;
    slider.dispatchEvent(new Event("input"));
    document.body.getBoundingClientRect();
    return performance.now() - began;
})"""
"""Moves a slider in 50 steps, and gives the milliseconds that each took."""


def number(tab, key):
    """Give the number that a card shows, in full."""
    return float(tab.locator(f"#{key}").get_attribute("data-value"))
