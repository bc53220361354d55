"""The face of the catalogue: families first, laws found by word, input or half a name, each explained and drawn."""

import re

import pytest

from isoflop.display import plain
from isoflop.errors import UsageError
from isoflop.faces.cli import listing as catalogue
from isoflop.faces.plot import law_figure, save_figure
from isoflop.laws import CURVES, FAMILIES, LAWS, OTHER_NAMES, find_law
from isoflop.laws.schedules import SCHEDULE_CURVES, SCHEDULE_LAWS


def test_the_overview_has_every_family_with_what_it_gives():
    text = plain(catalogue.overview())
    assert all(re.search(rf"^{re.escape(name)} +\d+ ", text, re.MULTILINE) for name in FAMILIES)
    laws, curves = len(LAWS) + len(SCHEDULE_LAWS), len(CURVES) + len(SCHEDULE_CURVES)
    assert f"{laws} laws, {curves} published curves" in text


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_lists_its_laws_with_their_formulas(family):
    found = catalogue.listed(family=family)
    assert list(found.laws) == [law for law in LAWS.values() if law.family == family]
    assert [curve.law.family for curve in found.curves] == [family] * len(found.curves)
    assert all(law.name in plain(found) for law in found.laws)


@pytest.mark.parametrize(
    ("asked", "family"), [("BATCH", "batch size"), ("rl", "reinforcement learning"), ("genral", "general")]
)
def test_a_family_may_be_named_loosely(asked, family):
    assert {law.family for law in catalogue.listed(family=asked).laws} == {family}


def test_words_find_laws_and_single_curves():
    found = catalogue.listed(search="image 32x32")
    assert [curve.name for curve in found.curves] == [f"henighan2020-image-32x32-{key}" for key in ("N", "C", "N-opt")]
    assert "gadre-error" in {law.name for law in catalogue.listed(search="error loss").laws}


@pytest.mark.parametrize(
    ("asked", "name"),
    [("skaling", "coupled"), ("MoE", "efficiency-leverage"), ("pass@k", "coverage"), ("bits", "quartet"),
     ("Muon", "moonlight-loss"), ("ParScale", "parallel-streams"), ("METR", "growth"), ("densing", "growth"),
     ("DiLoCo", "replicas"), ("OpenCLIP", "clip"), ("looped", "loop-equivalent"), ("quantization", "float-bits"),
     ("ScaleRL", "scalerl"), ("distill", "busbridge"), ("bitwise law", "total-bits"), ("merging", "merging")],
)  # fmt: skip
def test_a_law_is_found_by_the_name_people_use(asked, name):
    assert name in {law.name for law in catalogue.listed(search=asked).laws}


def test_other_names_are_of_laws_and_families_that_exist():
    assert set(OTHER_NAMES) <= {*LAWS, *FAMILIES}


def test_what_a_source_prints_stands_beside_the_curve():
    text = plain(catalogue.explain("castro2025-quartet"))
    assert re.search(r"3\.49\s+3\.4783", text)
    assert catalogue.as_dict(CURVES["castro2025-quartet"])["curves"][0]["printed"][0]["value"] == 3.49


def test_inputs_find_the_laws_that_take_them_all():
    assert all({"N", "D"} <= set(law.inputs) for law in catalogue.listed(inputs=["N", "D"]).laws)
    assert [law.name for law in catalogue.listed(inputs=["N", "D"], search="gadre").laws] == ["gadre"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [({"search": "phlogiston"}, 'no law is about "phlogiston"'), ({"family": "phlogiston"}, "there is no family"),
     ({"inputs": ["N", "elo"]}, 'no law is about "N,elo"')],
)  # fmt: skip
def test_what_nothing_is_about_is_said(asked, told):
    with pytest.raises(UsageError, match=told):
        catalogue.listed(**asked)


@pytest.mark.parametrize(
    ("asked", "name"),
    [("besiroglu", "besiroglu2024"), ("Besiroglu 2024", "besiroglu2024"), ("KAPLAN_nd", "kaplan-ND"),
     ("dit2024fid", "dit2024-FID"), ("xiong2023-7b", "xiong2023-7B"), ("pass", "beta-pass-at-k")],
)  # fmt: skip
def test_a_law_or_curve_is_found_by_a_loose_name(asked, name):
    assert catalogue.named(asked).name == name


def test_half_a_name_of_several_lists_them():
    found = catalogue.named("henighan2020-image")
    assert len(found.curves) == 13
    assert "henighan-N-opt" in plain(catalogue.explain("henighan2020-image"))


@pytest.mark.parametrize("item", [*LAWS.values(), *CURVES.values()], ids=[*LAWS, *CURVES])
def test_an_explanation_has_formula_letters_range_caution_source_and_checks(item):
    text = re.sub(r"\s+", " ", plain(catalogue.explain(item.name)))
    law = LAWS.get(item.name) or item.law
    squeezed = text.replace(" ", "")
    assert str(law.formula).replace(" ", "") in squeezed
    assert item.cite.replace(" ", "") in squeezed
    assert all(re.search(rf"(^| ){key} ", text) for key in (*law.inputs, *law.parameters))
    for curve in [item] if item.name in CURVES else []:
        assert curve.caution in text
        assert f"verified at {len(curve.checks)} point" in text
        assert all(f"{value:.7g}" in text for _, value in curve.checks)


# The picture


@pytest.mark.parametrize("name", [name for name in LAWS if any(one.law.name == name for one in CURVES.values())])
def test_every_law_with_a_curve_can_be_drawn(name):
    (axes,) = law_figure(LAWS[name]).axes
    assert axes.get_title(loc="left") == name
    assert all(len(line.get_xdata()) for line in axes.lines)


def test_a_curve_is_drawn_over_its_range_and_dashed_beyond():
    (axes,) = law_figure(CURVES["dit2024-FID"]).axes
    solid, dashed = axes.lines
    assert (min(solid.get_xdata()), max(solid.get_xdata())) == (1e17, 6e18)
    assert (min(dashed.get_xdata()), max(dashed.get_xdata())) == (6e18, 6e19)
    assert list(solid.get_ydata()) == list(CURVES["dit2024-FID"](C=solid.get_xdata()))


def test_a_second_input_is_held_at_a_few_values_of_its_range():
    (axes,) = law_figure(CURVES["besiroglu2024"]).axes
    named = [text.get_text() for text in axes.texts if text.get_text().startswith("D = ")]
    assert named == ["D = 500B", "D = 100B", "D = 20B", "D = 5B"]
    assert len(axes.lines) == 8


def test_a_picture_is_saved_the_same_twice(tmp_path):
    paths = [save_figure(law_figure(CURVES["xiong2023-7B"]), tmp_path / f"{turn}.svg") for turn in range(2)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(("found", "told"), [(LAWS["valley"], "valley has no published curve to draw"),
                                             (catalogue.named("henighan"), "several laws are called so"),
                                             (find_law("k*C^p"), "no published curve")])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(found, told):
    with pytest.raises(UsageError, match=told):
        law_figure(found)


@pytest.mark.parametrize("name", ["schedules", "multi-power", "luo2025-100m"])
def test_laws_of_schedules_are_explained_with_their_published_numbers(name):
    text = plain(catalogue.explain(name))
    for word in ("multi-power", "0.6011515" if "100m" in name else "luo2025-25m", "Luo et al. 2025"):
        assert word in text, word


def test_who_asks_for_the_family_of_schedules_is_told_what_to_type():
    with pytest.raises(UsageError, match="isoflop laws schedules"):
        catalogue.listed(family="schedules")


def test_a_picture_says_at_which_values_other_inputs_are_held():
    shown = [text.get_text() for text in law_figure(CURVES["muennighoff2023"]).axes[0].texts]
    assert any("U = " in text for text in shown), shown
