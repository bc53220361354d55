"""Formulas written out: LaTeX that papers can take, JavaScript that means the same."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoflop.formula.law import parse_law
from isoflop.formula.parse import parse, parse_condition
from isoflop.formula.write import JAVASCRIPT_PRELUDE

VALUES = {"x": 1.75, "y": 0.5, "new": 3.0, "Math": 4.0}


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("E + A/N^alpha + B/D^beta", r"E + \frac{A}{N^{\alpha}} + \frac{B}{D^{\beta}}"),
        ("(N_c/N)^alpha_N", r"\left(\frac{N_{c}}{N}\right)^{\alpha_{N}}"),
        ("-x^2", "-x^{2}"),
        ("(-x)^2", r"\left(-x\right)^{2}"),
        ("--x", r"-\left(-x\right)"),
        ("a*(x + y)", r"a\,\left(x + y\right)"),
        ("6*N*D", r"6\,N\,D"),
        ("x*2*3", r"x \cdot 2 \cdot 3"),
        ("x/8.64e19", r"\frac{x}{8.64 \times 10^{19}}"),
        ("x/1e9", r"\frac{x}{10^{9}}"),
        ("(2e9)^x", r"\left(2 \times 10^{9}\right)^{x}"),
        ("(x/y)*(y/x)", r"\frac{x}{y}\,\frac{y}{x}"),
        ("c0 + d12", r"c_{0} + d_{12}"),
        ("e_inf + val_loss", r"e_{\mathrm{inf}} + \mathrm{val}_{\mathrm{loss}}"),
        ("sqrt(x) + log10(x)", r"\sqrt{x} + \log_{10}\left(x\right)"),
        ("min(x, y)", r"\min\left(x, y\right)"),
        ("saturate(x, y)", r"\operatorname{saturate}\left(x, y\right)"),
        ("where(x > 5, x, y)", r"\begin{cases} x & x > 5 \\ y & \text{otherwise} \end{cases}"),
    ],
)
def test_a_formula_is_written_as_papers_write_it(text, latex):
    assert parse(text).latex() == latex


def test_text_from_a_table_cannot_leave_its_place_in_latex():
    latex = parse_condition("role == 'a}$\\\\input{secret}'").latex()
    assert latex == r"\mathrm{role} = \text{a\_\_\_input\_secret\_}"


def test_a_condition_is_written_with_the_signs_of_logic():
    assert parse_condition("not x <= 5 and x != y or x == 1").latex() == (r"\lnot x \le 5 \land x \ne y \lor x = 1")


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("E + A/N^alpha", "E + A / Math.pow(N, alpha)"),
        ("-x^2", "-Math.pow(x, 2)"),
        ("--x", "-(-x)"),
        ("x - -y", "x - -y"),
        ("arctan(x)*log(y)", "Math.atan(x) * Math.log(y)"),
        ("where(not x > 1 and y == 2, x, y)", "(!(x > 1) && y === 2 ? x : y)"),
        ("new + Math*x", "$new + $Math * x"),
    ],
)
def test_a_formula_is_written_as_javascript_reads_it(text, script):
    assert parse(text).javascript() == script


def joined(inner):
    """Grow formulas whose values are whole numbers or quarters, so that only their meaning can differ."""
    return st.one_of(
        inner.map("({})".format), inner.map("-{}".format), inner.map("({})^2".format), inner.map("-{}^2".format),
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/2 -", "/4*"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner, inner).map(
            lambda parts: "where(not {} {} {} or x > 2 and y < 1, {}, 7)".format(*parts)
        ),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda parts: "{}({}, {})".format(*parts)),
    )  # fmt: skip


def node(program, data):
    """Run a program in Node with JSON on its standard input; give the JSON that it prints."""
    found = shutil.which("node")
    assert found, "Node is needed to check the JavaScript of formulas"
    done = subprocess.run(
        [found, "-e", program],
        input=json.dumps(data),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


EVALUATE = """
const tasks = JSON.parse(require("fs").readFileSync(0, "utf8"));
const run = ([code, values]) => new Function('"use strict"; return ' + code)()(...values);
console.log(JSON.stringify(tasks.map(run).map((value) => Number.isFinite(value) ? value : null)));
"""


def compared(texts):
    """Give, for each formula, its value in Python and in Node."""
    formulas = list(dict.fromkeys(parse(text) for text in texts))
    tasks = []
    for formula in formulas:
        names = ", ".join(parse(key).javascript() for key in formula.names)
        code = f"{JAVASCRIPT_PRELUDE}return {formula.javascript()};"
        tasks.append((f"({names}) => {{{code}}}", [VALUES[key] for key in formula.names]))
    values = {key: np.float64(value) for key, value in VALUES.items()}
    with np.errstate(all="ignore"):
        wanted = [float(formula.evaluate(values)) for formula in formulas]
    return list(zip(formulas, wanted, node(EVALUATE, tasks), strict=True))


def test_javascript_groups_as_python_does():
    texts = []

    @settings(max_examples=100)  # what cannot be compared is left out
    @given(st.recursive(st.sampled_from([*VALUES, "2", "3", "5"]), joined, max_leaves=10))
    def collect(text):
        texts.append(text)

    collect()
    found = compared(texts)
    assert len(found) > 50
    for formula, python, script in found:
        wanted = pytest.approx(python, rel=1e-12) if np.isfinite(python) else None
        assert script == wanted, str(formula)


def test_every_function_means_in_javascript_what_it_means_in_python():
    functions = ("exp", "log", "log10", "sqrt", "sin", "cos", "arctan")
    texts = [f"{function}({x})" for function in functions for x in ("x", "x/7", "new + x^-0.3", "Math*x^1.7")]
    texts += ["min(x, new)", "max(x, new)", "where(x < new, x, new)", "x^new", "x^-new", "saturate(x, new)",
              "saturate(x/1e6, y/8)", "saturate(1e5*x, 0.3)", "saturate(x, 3)"]  # fmt: skip
    for formula, python, script in compared(texts):
        assert script == pytest.approx(python, rel=1e-12), str(formula)


def test_a_typed_law_with_javascripts_own_words_still_runs():
    law = parse_law("new + this*x^-void + default*arguments")
    code = law.javascript()
    assert node(EVALUATE, [(code, [4.0, 1.0, 2.0, 0.5, 3.0, 5.0])]) == [17.0]
