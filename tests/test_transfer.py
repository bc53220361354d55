"""The best learning rate is read off a parabola, and a figure of transfer shows every width."""

import math

import numpy as np
import pytest

from isoflop.errors import UsageError
from isoflop.faces.plot import transfer_figure
from isoflop.faces.plot.transfer import best_rate

RATES = (0.001, 0.002, 0.004, 0.008, 0.016)


def losses(best, width=64):
    return [2 + 8 / width + 0.1 * math.log(rate / best) ** 2 for rate in RATES]


def test_the_best_rate_is_the_lowest_point_of_a_parabola():
    assert best_rate(RATES, losses(0.0031)) == pytest.approx(0.0031, rel=1e-9)
    assert best_rate(reversed(RATES), reversed(losses(0.0031))) == pytest.approx(0.0031, rel=1e-9)


def test_at_the_edge_or_beside_a_divergence_the_best_rate_is_one_that_was_tried():
    assert best_rate(RATES, losses(0.0001)) == pytest.approx(0.001)
    assert best_rate(RATES, [3.0, 2.5, 2.1, math.nan, math.nan]) == pytest.approx(0.004)


def test_the_figure_shows_every_run_and_rings_the_lowest_points():
    best = {16: 0.003, 64: 0.005}
    runs = [(width, rate, loss) for width in best for rate, loss in zip(RATES, losses(best[width], width), strict=True)]
    (axes,) = transfer_figure([*runs, (16, 0.032, math.nan)]).axes
    shown = [np.asarray(line.get_xydata()) for line in axes.lines]
    dots = np.concatenate([points for points in shown if len(points) > 1])
    assert {(x, y) for _, x, y in runs} <= set(map(tuple, dots.tolist()))
    assert sorted(points[0, 0] for points in shown if len(points) == 1) == pytest.approx(sorted(best.values()))
    assert {text.get_text() for text in axes.texts} >= {"width 16", "width 64"}
    with pytest.raises(UsageError, match="three learning rates"):
        transfer_figure(runs[:2])
