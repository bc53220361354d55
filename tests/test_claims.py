"""What people say, checked: every sentence has its number, a verdict, a command that runs, a source."""

import json
import re
import shlex

import pytest

from isoflop.display import plain
from isoflop.faces.claims import CLAIMS, claims

pytest_plugins = ["commands"]


def test_there_are_twenty_five_sentences_and_no_two_are_one():
    assert len({one.sentence for one in CLAIMS}) == len(CLAIMS) >= 25


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda one: one.sentence)
def test_a_claim_has_its_number_its_reason_and_its_source(claim):
    assert re.search(r"\d", claim.number())
    assert claim.because.endswith(".")
    assert re.search(r"\d{4}|card|Epoch", claim.source)
    assert claim.verdict in {"true", "half true", "false", "not known"}


@pytest.mark.parametrize("command", sorted({one.command for one in CLAIMS if " laws " in one.command}))
def test_its_command_runs(command, good):
    assert good(*shlex.split(command)[1:])["laws"] is not None


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("Double the parameters", "3.5 %, 2.9 %, 2.3 %"),
        ("Llama follows", "149.3, LLaMA 13B: 76.92, LLaMA 65B: 21.47, Llama 3 8B: 1875"),
        ("GPT-4 has", "6.7 times the estimate"),
        ("Running the same layers", "4 loops are worth 1.9 blocks, 8 loops 2.6"),
    ],
)
def test_known_numbers_come_out(sentence, number):
    (one,) = [claim for claim in CLAIMS if claim.sentence.startswith(sentence)]
    assert number in one.number()


def test_the_command_prints_them_all(run):
    shown = " ".join(run("laws", "--claims").out.split())
    assert all(claim.sentence in shown for claim in CLAIMS)
    told = json.loads(run("laws", "--claims", "--json").out)
    assert [one["verdict"] for one in told] == [claim.verdict for claim in CLAIMS]
    assert "not disclosed" in plain(claims())
