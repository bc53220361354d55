"""The contract of the catalogue: every law and every published curve keeps all of these promises."""

import json
import re
import shutil
import subprocess
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from examples import (
    ELSEWHERE,
    GRID,
    INSTEAD,
    LEVEL,
    MONOTONE,
    PURE_NUMBERS,
    RISING,
    UNITS,
    UNPUBLISHED,
)

from isoflop import laws as laws_folder
from isoflop.fitting.fit import fit
from isoflop.formula import dual
from isoflop.formula.law import Curve, Law, parse_law
from isoflop.formula.parse import parse
from isoflop.laws import CONTENTS, CURVES, FAMILIES, LAWS

laws = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
curves = pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)


def example(law):
    """Give a curve of the law: its first published one, or one with numbers from above."""
    if law.name in INSTEAD:
        return law.at(**INSTEAD[law.name])
    published = [curve for curve in CURVES.values() if curve.law is law]
    return published[0] if published else law.at(**UNPUBLISHED[law.name])


def grid(law, elsewhere=None):
    """Give inputs on a grid that covers decades in each of them, flattened to one axis."""
    count = {1: 40, 2: 7, 3: 4, 4: 3, 5: 3}[len(law.inputs)]
    ranges = GRID | ELSEWHERE.get(law.name, {}) | (elsewhere or {})
    axes = np.meshgrid(*[np.geomspace(*ranges[key], count) for key in law.inputs])
    return {key: axis.ravel() for key, axis in zip(law.inputs, axes, strict=True)}


def noisy(law, seed=1):
    """Give runs of the law's example curve with 0.5 % noise."""
    inputs = grid(law)
    noise = np.random.default_rng(seed).normal(0, 0.005, len(next(iter(inputs.values()))))
    return inputs | {"loss": example(law)(**inputs) * np.exp(noise)}


@cache
def predicted_from_noise(name):
    """Give what a fit to the noisy runs of a law predicts on its grid."""
    law = LAWS[name]
    return fit(law, noisy(law), draws=0, starts=6).curve(**grid(law))


def evaluated(law, values, inputs):
    return law(**{key: np.asarray(value) for key, value in {**values, **inputs}.items()})


# What a law says of itself


@laws
def test_a_law_names_its_paper_and_says_in_a_sentence_what_it_gives(law):
    assert re.search(r"(1[89]|20)\d\d", law.cite)
    assert law.summary.rstrip().endswith(".")
    assert law.summary[0].isupper()
    assert law.parameters
    assert law.inputs
    assert set(law.formula.names) == {*law.inputs, *law.parameters}


@laws
def test_a_law_has_a_published_number_or_no_published_constants(law):
    published = [curve for curve in CURVES.values() if curve.law is law]
    assert bool(published) != (law.name in UNPUBLISHED)
    assert all(curve.checks for curve in published)


@curves
def test_a_curve_comes_as_near_to_what_its_source_prints_as_it_says(curve):
    distances = [abs(curve(**inputs) / value - 1) for inputs, value, _ in curve.printed]
    allowed = [near for *_, near in curve.printed]
    assert all(distance <= near for distance, near in zip(distances, allowed, strict=True))
    assert not allowed or max(allowed) <= 1.5 * max(distances) + 0.01, "a tolerance that cannot fail"


@curves
def test_a_curve_names_its_paper_and_its_range(curve):
    assert re.search(r"(19|20)\d\d", curve.cite)
    assert curve.law in LAWS.values()
    assert set(curve.fitted_on) <= {*curve.law.inputs, "N", "D", "C"}
    assert all(0 < low < high for low, high in curve.fitted_on.values())


def test_every_law_is_of_a_family_and_every_family_has_a_law():
    assert {law.family for law in LAWS.values()} == set(FAMILIES)


def test_the_contents_name_exactly_what_the_files_hold():
    folder = Path(laws_folder.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(CONTENTS)
    for file, (named_laws, named_curves) in CONTENTS.items():
        held = vars(import_module(f"isoflop.laws.{file}")).values()
        assert named_laws.split() == [item.name for item in held if isinstance(item, Law)], file
        assert named_curves.split() == [item.name for item in held if isinstance(item, Curve)], file


def test_no_name_stands_for_two_things():
    names = [law.name for law in LAWS.values()] + [curve.name for curve in CURVES.values()]
    assert len(names) == len({name.lower() for name in names})
    assert all(re.fullmatch(r"[A-Za-z][\w-]*", name) for name in names)
    assert all(key == item.name for catalogue in (LAWS, CURVES) for key, item in catalogue.items())


# Derivatives and shape


@laws
def test_derivatives_are_exact(law):
    values = {**example(law).values, **{key: axis[::3] for key, axis in grid(law).items()}}
    names = (*law.parameters, *law.inputs)
    with np.errstate(all="ignore"):
        value, slopes = dual.gradient(law.formula, values, names)
        plain = law.formula.evaluate(values)
        assert value == pytest.approx(plain, rel=1e-13)
        for key in names:
            assert np.broadcast_to(slopes[key], plain.shape) == pytest.approx(
                central(law.formula, values, key), rel=1e-6, abs=1e-9 * np.abs(plain / values[key]).max()
            ), key


def central(formula, values, key):
    """Differentiate by central differences of two steps, extrapolated to a step of nothing."""
    coarse, fine = (
        (formula.evaluate({**values, key: values[key] * (1 + step)})
         - formula.evaluate({**values, key: values[key] * (1 - step)})) / (2 * step * np.asarray(values[key]))
        for step in (2e-3, 1e-3)
    )  # fmt: skip
    return (4 * fine - coarse) / 3


@laws
def test_floors_and_scales_enter_linearly(law):
    inputs, values = grid(law), dict(example(law).values)
    apart = {key: np.array(values[key]) for key in law.linear}
    base = evaluated(law, values | dict.fromkeys(law.linear, 0.0), inputs)
    alone = [
        evaluated(law, values | dict.fromkeys(law.linear, 0.0) | {key: apart[key]}, inputs) - base for key in law.linear
    ]
    assert evaluated(law, values, inputs) == pytest.approx(base + sum(alone), rel=1e-12)
    for key, part in zip(law.linear, alone, strict=True):
        tripled = evaluated(law, values | dict.fromkeys(law.linear, 0.0) | {key: 3 * apart[key]}, inputs) - base
        assert tripled == pytest.approx(3 * part, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("curve", [*CURVES.values(), *(LAWS[name].at(**UNPUBLISHED[name]) for name in UNPUBLISHED)],
                         ids=[*CURVES, *UNPUBLISHED])  # fmt: skip
def test_loss_falls_and_the_best_size_rises_with_every_input(curve):
    usual = -1 if curve.law.output.name in ("Nats", "ErrorRate", "Difference") else 1
    for key, slope in curve.slopes(**grid(curve.law, MONOTONE.get(curve.law.name))).items():
        rising = RISING.get(curve.law.name, ()) + RISING.get(curve.name, ())
        sign = -usual if key in rising else usual
        if key in LEVEL.get(curve.law.name, ()):
            assert np.all(sign * slope >= 0), key
            assert np.any(sign * slope > 0), key
        else:
            assert np.all(sign * slope > 0), key


@curves
def test_a_curve_gives_a_float_for_numbers_and_an_array_for_arrays(curve):
    inputs = grid(curve.law)
    whole = curve(**inputs)
    assert whole.shape == (len(next(iter(inputs.values()))),)
    first = curve(*(float(axis[0]) for axis in inputs.values()))
    assert type(first) is float
    assert first == whole[0]


# Fitting


@laws
def test_a_law_finds_its_own_parameters_again(law):
    truth, inputs = example(law), grid(law)
    found = fit(law, inputs | {"loss": truth(**inputs)}, objective="squares", draws=0, starts=8)
    assert found.curve(**inputs) == pytest.approx(truth(**inputs), rel=1e-9)
    for key, value in truth.values.items():
        assert breaks_in_order(found.curve.values)[key] == pytest.approx(value, rel=1e-6), key


def breaks_in_order(values):
    """Renumber the breaks of a broken power law from small x to large: their order has no meaning."""
    places = sorted(int(key[1:]) for key in values if re.fullmatch(r"d\d", key))
    order = sorted(places, key=lambda place: values[f"d{place}"])
    renamed = {
        f"{letter}{new}": values[f"{letter}{old}"] for new, old in zip(places, order, strict=True) for letter in "cdf"
    }
    return {**values, **renamed}


@pytest.mark.parametrize("name", ["hoffmann2022", "hoffmann2022-rounded", "besiroglu2024", "muennighoff2023-c4"])
def test_all_five_chinchilla_parameters_come_back_to_eight_digits(name):
    truth = CURVES[name]
    inputs = {
        "N": np.repeat(np.geomspace(4e7, 1.6e10, 12), 12),
        "D": np.tile(np.geomspace(5e9, 5e11, 12), 12),
    }
    found = fit("chinchilla", inputs | {"loss": truth(**inputs)}, objective="squares", draws=0)
    for key, value in truth.values.items():
        assert found.curve.values[key] == pytest.approx(value, rel=1e-8), key


@laws
def test_neither_the_unit_of_an_input_nor_the_order_of_the_runs_changes_a_prediction(law):
    runs, inputs = noisy(law), grid(law)
    units = dict.fromkeys(PURE_NUMBERS, 1.0) | UNITS.get(law.name, {})
    others = {key: axis / units.get(key, 1000.0) for key, axis in inputs.items()}
    order = np.random.default_rng(0).permutation(len(runs["loss"]))
    shuffled = {key: column[order] for key, column in (runs | others).items()}
    there = fit(law, shuffled, draws=0, starts=6).curve(**others)
    assert there == pytest.approx(predicted_from_noise(law.name), rel=1e-8)


@curves
def test_a_curve_gives_its_papers_numbers(curve):
    for inputs, published in curve.checks:
        assert curve(**inputs) == pytest.approx(published, rel=1e-7)


# Written out


@laws
def test_a_laws_text_reads_back_to_the_same_law(law):
    again = parse_law(str(law.formula), inputs=tuple(law.inputs), kinds=law.parameters)
    assert list(again.inputs) == list(law.inputs)
    assert dict(again.parameters) == dict(law.parameters)
    inputs, values = grid(law), example(law).values
    assert np.array_equal(evaluated(again, values, inputs), evaluated(law, values, inputs))


@curves
def test_a_curves_text_gives_the_same_numbers(curve):
    inputs = grid(curve.law)
    assert parse(str(curve)).evaluate(inputs) == pytest.approx(curve(**inputs), rel=1e-14)


@laws
def test_a_law_has_latex_that_compiles(law):
    latex = law.formula.latex()
    assert latex
    assert not re.search(r"\^\{[^{}]*\}\s*\^|_\{[^{}]*\}\s*_", latex), "a double script"
    depth = np.cumsum([(letter == "{") - (letter == "}") for letter in latex])
    assert depth.min() >= 0
    assert depth[-1] == 0
    assert latex.count(r"\left(") == latex.count(r"\right)")
    assert set(re.findall(r"\\([a-zA-Z]+)", latex)) <= KNOWN_LATEX


KNOWN_LATEX = {
    "alpha", "beta", "gamma", "delta", "epsilon", "eta", "nu", "omega", "phi", "zeta",
    "cdot", "exp", "frac", "left", "log", "mathrm", "operatorname", "right", "times",
    "max", "min", "sqrt", "tau",
    "Gamma",
}  # fmt: skip


def test_node_agrees_with_python_on_every_law_and_curve():
    known = [*CURVES.values(), *(LAWS[name].at(name, **UNPUBLISHED[name]) for name in UNPUBLISHED)]
    tasks, wanted = [], []
    for curve in known:
        inputs = grid(curve.law)
        vectors = [[*row, *curve.values.values()] for row in np.column_stack(list(inputs.values())).tolist()]
        tasks.append([curve.law.javascript(), vectors])
        wanted.append(curve(**inputs))
    program = """
        const tasks = JSON.parse(require("fs").readFileSync(0, "utf8"));
        const run = ([code, vectors]) => {
          const law = new Function('"use strict"; return ' + code)();
          return vectors.map((vector) => law(...vector));
        };
        console.log(JSON.stringify(tasks.map(run)));
    """
    node = shutil.which("node")
    assert node, "Node is needed to check the JavaScript of the laws"
    done = subprocess.run([node, "-e", program], input=json.dumps(tasks), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {curve.law.name for curve in known} == set(LAWS)
    for curve, python, script in zip(known, wanted, json.loads(done.stdout), strict=True):
        assert script == pytest.approx(python, rel=1e-12), curve.name
