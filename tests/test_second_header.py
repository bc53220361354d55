"""A second line of a header: units are written into the names, and anything else is refused with what to do."""

import numpy as np
import pytest

import isoflop
from isoflop import DataError

N, D = (axis.ravel() for axis in np.meshgrid([1e7, 1e8, 1e9], [2e8, 2e9, 2e10], indexing="ij"))
LOSS = 1.7 + 400 / N**0.34 + 410 / D**0.28


@pytest.mark.parametrize(
    ("units", "factors"),
    [
        ("(M),(B),nats,", (1e6, 1e9)),
        ("[M],[B tokens],[nats/token],name", (1e6, 1e9)),
        ("millions,billions,nats,-", (1e6, 1e9)),
        ("parameters,tokens,nats,", (1.0, 1.0)),
        ("(x10^6),in billions,nats,", (1e6, 1e9)),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_units_under_the_names_count(units, factors, separator, *, tmp_path):
    path = tmp_path / "runs.csv"
    rows = [f"{n},{d},{loss},adam" for n, d, loss in zip((N / factors[0]).tolist(), (D / factors[1]).tolist(),
                                                         LOSS.tolist(), strict=True)]  # fmt: skip
    path.write_text("\n".join(["params,tokens,val_loss,optimizer", units, *rows]).replace(",", separator) + "\n")
    runs = isoflop.read(path)
    assert runs["N"] == pytest.approx(N)
    assert runs["D"] == pytest.approx(D)
    assert runs["loss"].tolist() == LOSS.tolist()
    assert runs.rows[0] == 3
    assert ("D19" in {one.code for one in runs.findings}) == (factors[0] != 1)


@pytest.mark.parametrize("line", ["mean,mean,mean,", "first,second,third,fourth"])
def test_words_that_are_no_units_are_refused_with_what_to_do(line, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(f"params,tokens,val_loss,optimizer\n{line}\n1e7,2e8,3.5,adam\n")
    with pytest.raises(DataError, match=r"row 2: words .* If it is a second line of the header, remove it"):
        isoflop.read(path)


@pytest.mark.parametrize("line", ["70M,1.4B,3.9,adam", "nan,nan,nan,adam", ",,,adam", "1e7,?,3.5,adam"])
def test_a_first_row_that_is_a_run_stays_one(line, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(f"params,tokens,val_loss,optimizer\n{line}\n1e7,2e8,3.5,adam\n")
    assert len(isoflop.read(path, allow=["D02"])) + len(isoflop.read(path).excluded) == 2
