"""Whatever is printed can be printed where the terminal knows only ASCII, or only what Windows' old pages hold."""

import io
import sys

import pytest

from isoflop.faces import cli

HELP = [[name, "--help"] for name in cli.HOMES] + [["--help"]]
SHOWN = [
    ["plan", "besiroglu2024", "--flops", "1e22", "--full"],
    ["forecast", "besiroglu2024", "N=8B", "D=15T"],
    ["solve", "D", "besiroglu2024", "N=70B", "loss=2.0"],
    ["solve", "D", "besiroglu2024", "N=70B", "loss=1.0"],  # out of reach: inf
    ["landmarks", "gpt-3", "chinchilla"],
    ["compare-models", "gpt-3", "chinchilla"],
    ["laws", "hoffmann2022"],
    ["cost", "7B", "2T", "--gpus", "8xH100"],
    ["design", "grid", "--flops", "1e17:1e19"],
    ["fit", "tinylm", "--law", "chinchilla", "--draws", "20"],
    ["explain", "D09"],
]


@pytest.fixture
def printed(monkeypatch):
    """Give a function that runs a command on streams of an encoding, which refuse what it lacks, and returns both."""

    def printed(words, encoding):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2)]
        monkeypatch.setattr(sys, "argv", ["isoflop", *words])
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        texts = []
        for stream in streams:
            stream.flush()
            texts.append(stream.buffer.getvalue().decode(encoding))
        assert not ended.value.code, texts
        return texts

    return printed


@pytest.mark.parametrize("words", [*HELP, *SHOWN], ids=" ".join)
def test_it_is_printed_where_signs_are_few(printed, words):
    out, err = printed(words, "ascii")
    assert out.strip()
    assert err == ""


def test_a_sign_that_an_encoding_has_stays_and_one_it_lacks_is_written_plainly(printed):
    dash, infinity = ["laws", "hoffmann2022"], ["solve", "D", "besiroglu2024", "N=70B", "loss=1.0"]
    assert "44.0M - 16.0B" in printed(dash, "ascii")[0]
    assert "44.0M – 16.0B" in printed(dash, "cp1252")[0]
    assert "D = inf" in printed(infinity, "cp1252")[0]
    assert "D = ∞" in printed(infinity, "utf-8")[0]
