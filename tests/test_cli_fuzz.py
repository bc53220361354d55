"""The command line on made-up tables: whatever they hold, it ends with a code that means something and in words."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest_plugins = ["commands"]

NAMES = ["N", "D", "C", "loss", "params", "tokens", "Val Loss", "run", "U", "n", "", "x", "ppl", '"', "\u202e", "N "]
SIZES = st.floats(1e6, 1e13).map(repr) | st.sampled_from(["1e8", "1e9", "2e10", "7B"])
LOSSES = st.floats(1.5, 4).map(repr) | st.sampled_from(["2.5", "3.0"])
FAR = st.integers(-1, 2**70).map(str) | st.sampled_from(["1e308", "1e-308", "1e-320", "0", "-1", "inf", "nan", ""])
ODD = st.sampled_from(["1,000", "1e400", "abc", '"', "=1+1", "\0", "\r", "1_0", "٣"])


@st.composite
def tables(draw):
    """Give the text of a table: mostly sound names and numbers, now and then anything."""
    sound, others = ["N", "D", "loss"], st.lists(st.sampled_from(NAMES), min_size=1, max_size=5)
    header = draw(st.one_of(st.just(sound), st.just(sound), others))
    cells = draw(st.sampled_from([SIZES, SIZES | FAR, SIZES | FAR | ODD]))
    row = st.tuples(
        *((LOSSES if cells is SIZES else LOSSES | cells) if "loss" in name.lower() else cells for name in header)
    )
    rows = draw(st.lists(row, min_size=7, max_size=12) | st.lists(row, max_size=3))
    separator = draw(st.sampled_from([",", ",", ";", "\t"]))
    return "\n".join(separator.join(row) for row in [header, *rows])


def ends_in_words(run, text, *words):
    done = run("fit", "-", "--draws", 0, "--starts", 2, *words, stdin=text)
    assert done.code in {0, 2, 3, 4}
    assert "Traceback" not in done.err
    assert done.err.count("\n") == (done.code != 0)
    assert bool(done.out) == (done.code in {0, 4})


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(tables(), st.sampled_from(["chinchilla", "E + A/N^a", "E + A/D^a + log(N)/B"]))
def test_any_table_is_fitted_or_refused_in_words(run, text, law):
    ends_in_words(run, text.encode("utf-8", "surrogatepass"), "--law", law)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_bytes_are_refused_in_words(run, content):
    ends_in_words(run, content)


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(st.text(alphabet="NDEABab0123456789.+-*/^() ,<>='explogsqrtwhermin_", max_size=40))
def test_any_formula_is_fitted_or_refused_in_words(run, formula):
    text = b"N,D,loss\n1e8,2e9,3.2\n2e8,9e9,2.9\n4e8,3e9,3.0\n1e9,2e10,2.6\n3e9,5e9,2.8\n9e9,4e10,2.4\n2e10,3e11,2.2\n"
    ends_in_words(run, text, f"--law={formula}")
