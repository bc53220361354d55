# ruff: noqa: F811 - a fixture is imported, and named again where it is asked for
"""isoflop recipes: two tables, or one by a column, in words, in JSON and as a figure."""

import pytest
from commands import good, refused, run, write  # noqa: F401 - fixtures
from tabled import csv
from test_recipes import runs_of


def columns(times, seed, **more):
    runs = runs_of(times, noise=0.003, seed=seed)
    return {key: runs[key].tolist() for key in ("N", "D", "loss")} | {key: [value] * 15 for key, value in more.items()}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Give the tables of two recipes at one place, so that what is worked out from them is remembered."""
    folder = tmp_path_factory.mktemp("recipes")
    for name, times, seed in (("old", 1.0, 1), ("new", 2.0, 2)):
        (folder / f"{name}.csv").write_text(csv(columns(times, seed)))
    return folder


@pytest.fixture
def old(tables):
    return tables / "old.csv"


@pytest.fixture
def new(tables):
    return tables / "new.csv"


def test_two_tables_are_compared_under_the_names_of_their_files(run, old, new):
    done = run("recipes", old, new)
    assert (done.code, done.err) == (0, "")
    said = " ".join(done.out.split())
    assert said.startswith("To match new at 1e21 FLOPs, old needs ")
    assert "new against old" in said
    assert "one evaluation set and tokenizer" in said


def test_json_holds_every_number_with_its_ends(good, old, new):
    found = good("recipes", old, new, "--at", "1e19,1e20", "--seed", 4)
    (one,) = found["comparisons"]
    assert [row["scale"] for row in one["rows"]] == [1e19, 1e20]
    for row in one["rows"]:
        assert row["multiplier"]["low"] < 2 < row["multiplier"]["high"]
        assert set(row["multiplier"]["intervals"]) == {"statistical", "laws"}
    assert found["worth"]["unit"] == "FLOPs"
    assert {"words", "assumes", "findings"} <= set(found)


def test_a_column_names_the_recipes_of_one_table(good, write):
    ours, theirs = columns(1.0, 1, recipe="a [b]"), columns(2.0, 2, recipe="b")
    both = write({key: ours[key] + theirs[key] for key in ours}, "both.csv")
    (one,) = good("recipes", both, "--by", "recipe")["comparisons"]
    assert (one["first"], one["other"]) == ("a [b]", "b")
    assert one["pairs"] == 15


def test_options_reach_the_answer(good, old, new):
    free = good("recipes", old, new, "--at", "1e22")["comparisons"][0]["rows"][0]["multiplier"]
    for option in (["--floor", "1.8"], ["--floor", "shared"], ["--exponents", "shared"], ["--law", "chinchilla"]):
        held = good("recipes", old, new, "--at", "1e22", *option)["comparisons"][0]["rows"][0]["multiplier"]
        assert held["value"] != free["value"], option
    tokens = good("recipes", old, new, "--in", "tokens", "--size", "1B")["comparisons"][0]
    assert tokens["along"] == "D"
    assert good("recipes", old, new, "--ratio", 100)["assumes"].startswith("at 100 tokens per parameter")


def test_money_says_where_one_stands(good, old, new):
    found = good("recipes", old, new, "--budget", "2000 USD", "--recipe-cost", "100 USD", "--price", 4)["worth"]
    dear = good("recipes", old, new, "--budget", "2000 USD", "--recipe-cost", "100 USD", "--price", 2)["worth"]
    assert found["unit"] == "USD"
    assert found["flops"] == pytest.approx(dear["flops"] / 2)


def test_a_figure_is_written_and_equal_ones_are_equal(run, old, new, *, tmp_path):
    for name in ("one.svg", "two.svg"):
        assert run("recipes", old, new, "-o", tmp_path / name).code == 0
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_the_figure_has_both_recipes_and_the_line_of_no_difference():
    from isoflop.beyond.recipes import recipes
    from isoflop.faces.plot import recipes_figure

    found = recipes(runs_of(noise=0.003, seed=1), runs_of(2.0, noise=0.003, seed=2), names=("old", "new"))
    left, right = recipes_figure(found).axes
    assert {"old", "new"} <= {text.get_text() for text in left.texts}
    assert any(list(line.get_ydata()) == [1, 1] for line in right.lines)
    low, high = right.get_ylim()
    assert low < 1 < found[0].multiplier.high < high


def test_tables_that_must_not_be_compared_end_with_4(run, write):
    ours, theirs = (
        write(columns(1.0, place, tokenizer=name), f"{name}.csv") for place, name in enumerate(("bpe", "bytes"))
    )
    done = run("recipes", ours, theirs)
    assert done.code == 4
    assert "R01" in done.err
    assert run("recipes", ours, theirs, "--allow", "R01").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--at", "1e60"], "too far"),
        (["--in", "money"], "is none of"),
        (["--in", "tokens"], "say --size"),
        (["--size", "1B"], "only"),
        (["--ratio", "20", "--in", "tokens", "--size", "1B"], "do not go together"),
        (["--floor", "low"], "low"),
        (["--floor", "-1"], "above zero"),
        (["--exponents", "mine"], "shared"),
        (["--recipe-cost", "cheap"], "is no price"),
        (["--recipe-cost", "x=1 USD"], "no recipe to change to"),
        (["--flops", "1e21", "--budget", "1 USD"], "both say"),
        (["--fix", "E=1.7"], "--floor"),
        (["-o", "figure.gif"], "figure.png"),
        (["--gpus", "Gaudi 3"], "--price"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(refused, old, new, *, words, said):
    assert said in refused(2, "recipes", old, new, *words)


def test_one_table_alone_and_the_same_twice_are_refused(refused, old, write):
    assert "two tables or more" in refused(2, "recipes", old)
    assert "given twice" in refused(2, "recipes", old, old)
    one = write(csv(columns(1.0, 1, recipe="a")), "one.csv")
    assert "one recipe only" in refused(2, "recipes", one, "--by", "recipe")
    assert "--by splits one table" in refused(2, "recipes", old, one, "--by", "recipe")


def test_three_recipes_need_named_prices(refused, run, old, *, new, write):
    third = write(columns(3.0, 3), "third.csv")
    assert "of which recipe" in refused(2, "recipes", old, new, third, "--recipe-cost", "1 USD")
    assert run("recipes", old, new, third, "--recipe-cost", "third=1 USD").code == 0
