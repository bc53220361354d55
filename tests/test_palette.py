"""The colours of laws stay apart for every kind of eye and in grey, and letters of them can be read on white."""

from itertools import combinations

import numpy as np
import pytest

from isoflop.faces.plot.look import LAW_COLOURS, MARKERS, dark

SEEN = {
    "normal": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),  # noqa: E501
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),  # noqa: E501
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),  # noqa: E501
}  # fmt: skip
"""Machado, Oliveira and Fernandes 2009, table 1, severity 1: linear RGB as such an eye sees it."""
LEAST, LEAST_GREY = 12.0, 8.0


def linear(colour):
    values = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light):
    xyz = (
        np.array(
            [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
        )
        @ light
    )
    ratio = xyz / (0.95047, 1.0, 1.08883)
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


def ciede2000(one, other):
    """Give the difference of two colours in CIELAB (Sharma, Wu and Dalal 2005, equations 2 to 22)."""
    mean = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    stretch = 1 + (1 - np.sqrt(mean**7 / (mean**7 + 25**7))) / 2
    chroma = [np.hypot(each[1] * stretch, each[2]) for each in (one, other)]
    hue = [np.degrees(np.arctan2(each[2], each[1] * stretch)) % 360 for each in (one, other)]
    turn = (hue[1] - hue[0] + 180) % 360 - 180
    middle, level, strength = (hue[0] + turn / 2) % 360, (one[0] + other[0]) / 2, sum(chroma) / 2
    cosine = [np.cos(np.radians(times * middle - off)) for times, off in ((1, 30), (2, 0), (3, -6), (4, 63))]
    weight = 1 - 0.17 * cosine[0] + 0.24 * cosine[1] + 0.32 * cosine[2] - 0.20 * cosine[3]
    of_light = (other[0] - one[0]) / (1 + 0.015 * (level - 50) ** 2 / np.sqrt(20 + (level - 50) ** 2))
    of_chroma = (chroma[1] - chroma[0]) / (1 + 0.045 * strength)
    of_hue = 2 * np.sqrt(chroma[0] * chroma[1]) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * strength * weight)
    bend = 60 * np.exp(-(((middle - 275) / 25) ** 2))
    mixed = -np.sin(np.radians(bend)) * 2 * np.sqrt(strength**7 / (strength**7 + 25**7)) * of_chroma * of_hue
    return np.sqrt(of_light**2 + of_chroma**2 + of_hue**2 + mixed)


def test_the_measure_is_the_published_one():
    """Sharma et al. 2005, table 1, pairs 1, 7 and 25."""
    pairs = [((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425), ((50, 0, 0), (50, -1, 2), 2.3669),
             ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644)]  # fmt: skip
    for one, other, published in pairs:
        assert ciede2000(np.array(one, float), np.array(other, float)) == pytest.approx(published, abs=1e-4)


@pytest.mark.parametrize("eye", SEEN)
def test_colours_of_laws_stay_apart(eye):
    seen = [lab(np.clip(SEEN[eye] @ linear(colour), 0, 1)) for colour in LAW_COLOURS]
    assert min(ciede2000(*pair) for pair in combinations(seen, 2)) >= LEAST


def test_colours_of_laws_stay_apart_in_grey():
    lightness = sorted(lab(linear(colour))[0] for colour in LAW_COLOURS)
    assert min(np.diff(lightness)) >= LEAST_GREY


def test_letters_can_be_read_on_white():
    for colour in LAW_COLOURS:
        written = "#" + "".join(f"{round(255 * part):02x}" for part in dark(colour))
        assert 1.05 / (linear(written) @ (0.2126, 0.7152, 0.0722) + 0.05) >= 4.45


def test_each_law_has_a_marker_of_its_own_too():
    assert len(set(MARKERS)) == len(MARKERS) == len(LAW_COLOURS)


def test_the_codes_of_findings_read_on_light_and_on_dark_terminals():
    from isoflop.display import SEVERITY_COLOURS

    for name in SEVERITY_COLOURS.values():
        red, green, blue = (int(name[place : place + 2], 16) / 255 for place in (1, 3, 5))
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in (red, green, blue)]
        light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]  # WCAG's relative luminance
        assert min((light + 0.05) / 0.05, 1.05 / (light + 0.05)) >= 4.5, name
