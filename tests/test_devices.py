"""Devices: found by any usual spelling, specified by their vendors, and never better than they are."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path

import pytest

from isoflop.compute import devices
from isoflop.compute.cost import cost
from isoflop.compute.devices import DEVICES, MFU, MFU_EXAMPLES, PRECISIONS, find_device, parse_devices
from isoflop.compute.prices import TERMS, all_prices, usual_price
from isoflop.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("H100", "H100"),
        ("h100-sxm", "H100"),
        ("NVIDIA H100 80GB", "H100"),
        ("NVIDIA H100 SXM", "H100"),
        ("h100 pcie", "H100-PCIe"),
        ("A100-80GB", "A100"),
        ("a100 40gb", "A100-40GB"),
        ("tpu v5p", "TPU-v5p"),
        ("GeForce RTX 4090", "RTX-4090"),
        ("Instinct MI300X", "MI300X"),
    ],
)
def test_a_device_is_found_as_people_spell_it(typed, name):
    assert find_device(typed).name == name


@pytest.mark.parametrize(("typed", "hint"), [("H1000", "H100"), ("MI300", "MI300X"), ("abacus", "Say one of H100")])
def test_an_unknown_device_is_refused_with_the_nearest(typed, hint):
    with pytest.raises(UsageError, match=hint):
        find_device(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("256xH100", (256, "H100")),
        ("16,384×h100", (16384, "H100")),
        ("8 A100", (8, "A100")),
        ("4 * tpu v4", (4, "TPU-v4")),
        ("B200", (1, "B200")),
    ],
)
def test_how_many_of_which(typed, expected):
    count, device = parse_devices(typed)
    assert (count, device.name) == expected


@pytest.mark.parametrize("typed", ["0xH100", "", "x", "256x", "-3xH100", "1e3xH100", "99999999999xH100", "٣xH100"])
def test_no_number_of_devices_is_refused(typed):
    with pytest.raises(UsageError):
        parse_devices(typed)


def test_every_device_says_where_its_numbers_stand_and_they_are_of_one_kind():
    for name, device in DEVICES.items():
        assert device.name == name
        assert device.source
        assert set(device.peak) <= set(PRECISIONS)
        half = device.peak.get("bf16", device.peak.get("fp16"))
        assert half > device.peak.get("tf32", 0) >= 0
        assert all(device.peak.get(key, math.inf) >= half for key in ("fp8", "fp4", "int8"))
        assert 15e12 < half < 1e16  # FLOPs in a second, not teraFLOPs
        assert math.isnan(device.memory) or 1e10 < device.memory < 1e12
        assert math.isnan(device.bandwidth) or 1e11 < device.bandwidth < 1e13
        assert math.isnan(device.power) or 50 < device.power < 2000
    assert DEVICES["H100"].as_dict()["peak"]["fp8"] == 1979e12


FACTS = list(csv.DictReader((Path(devices.__file__).parent / "devices.csv").read_text().splitlines()))
UNITS = {"peak": "TFLOP/s", "memory": "GB", "bandwidth": "GB/s", "power": "W"}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact['device']} {fact['quantity']} {fact['precision']}")
def test_every_fact_has_its_unit_its_source_and_stands_once(fact):
    assert UNITS[fact["quantity"]] == fact["unit"]
    assert fact["source"]
    assert bool(fact["precision"]) == (fact["quantity"] == "peak")
    key = (fact["device"], fact["quantity"], fact["precision"])
    assert sum(key == (other["device"], other["quantity"], other["precision"]) for other in FACTS) == 1


@pytest.mark.parametrize("device", ["A100", "H100", "H200", "B200", "B300", "MI300X", "MI325X", "MI355X",
                                    "TPU v5e", "TPU v5p", "TPU v6e", "TPU v7", "Trainium2", "Trainium3"])  # fmt: skip
def test_the_devices_people_train_on_are_known_with_peak_memory_and_bandwidth(device):
    found = find_device(device)
    assert found.flops_per_second("bf16") > 1e14
    assert found.memory > 1e10
    assert found.bandwidth > 1e11


def test_every_price_is_dated_of_a_known_device_and_of_one_kind():
    for price in all_prices():
        assert price.device in DEVICES
        assert price.source
        assert re.match(r"20\d\d", price.date)
        assert price.terms in {*TERMS, "counted"}
        assert 0.1 < price.low <= price.high < 30


def test_a_price_comes_from_the_table_and_terms_move_it():
    assert usual_price("H100") == 2.0
    assert 0.8 < usual_price("A100") < 3.0
    assert usual_price("H200", "spot") < usual_price("H200", "reserved") < usual_price("H200")
    assert math.isnan(usual_price("Gaudi-3"))
    with pytest.raises(UsageError, match="on-demand, reserved, spot"):
        usual_price("H100", "free")


def test_carbon_is_the_energys_by_region_or_by_a_number():
    at_home, anywhere = (cost(1e22, device="H100", region=region) for region in ("france", "500"))
    assert at_home.carbon == pytest.approx(at_home.energy / 3.6e6 * 56)
    assert anywhere.carbon == pytest.approx(at_home.carbon * 500 / 56)
    assert math.isnan(cost(1e22, device="H100").carbon)
    with pytest.raises(UsageError, match="Did you mean germany"):
        cost(1e22, device="H100", region="Germani")


def test_llama_3_ran_at_the_throughput_that_its_utilisation_says():
    # Dubey et al. 2024, Table 4: 430, 400 and 380 TFLOPs in a second and GPU.
    for told, throughput in zip(MFU_EXAMPLES, (430e12, 400e12, 380e12), strict=False):
        assert throughput / find_device("H100").flops_per_second() == pytest.approx(told.mfu, abs=0.006)
    running = [one.mfu for one in MFU_EXAMPLES if not one.whole]
    assert min(running) <= MFU <= max(running)


def test_a_peak_that_is_not_known_is_refused_with_those_that_are():
    with pytest.raises(UsageError, match="fp16"):
        find_device("V100").flops_per_second("bf16")
