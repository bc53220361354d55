"""The schemas of --json: current, whole, and obeyed. Every test that runs a command with --json holds it to them."""

import importlib
import json
import re
from pathlib import Path

import pytest
import typer
from jsonschema import Draft202012Validator
from schemas import obeys

from isoflop.faces.cli import application
from isoflop.faces.cli.schemas import schema_of

pytest_plugins = ["commands"]
DOCS = Path(__file__).parents[1] / "docs"
PUBLISHED = json.loads((DOCS.parent / "src" / "isoflop" / "faces" / "cli" / "schemas.json").read_text(encoding="utf-8"))


def printing_json(command, path=""):
    """Give every command below this one that has --json."""
    if any("--json" in one.opts for one in command.params):
        yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from printing_json(child, f"{path} {name}".strip())


def test_the_schemas_are_what_the_classes_say(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    assert importlib.import_module("schemas_of_results").document() == PUBLISHED, "python docs/schemas_of_results.py"


def test_every_command_that_prints_json_has_a_schema_and_no_other():
    assert set(PUBLISHED["commands"]) == set(printing_json(typer.main.get_command(application())))


def test_a_schema_is_one_by_the_standard_and_whole_in_itself(run):
    assert json.loads(run("schema", "design", "next").out) == schema_of("design next")
    Draft202012Validator.check_schema({"$defs": PUBLISHED["$defs"] | PUBLISHED["commands"]})
    for command in PUBLISHED["commands"]:
        found = schema_of(command)
        assert set(found["$defs"]) == set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(found)))


def test_a_wrong_answer_is_seen():
    with pytest.raises(pytest.fail.Exception, match="code"):
        obeys(["explain"], '{"code": 3, "explanation": "x"}')
    with pytest.raises(pytest.fail.Exception, match="other"):
        obeys(["explain"], '{"code": "D03", "explanation": "x", "other": 1}')
    with pytest.raises(pytest.fail.Exception, match="high"):
        obeys(["solve"], '{"D": {"value": 3, "low": 1}, "findings": []}')


def test_a_command_without_json_is_refused_with_the_nearest(refused):
    assert 'Did you mean "plan"?' in refused(2, "schema", "plann")
    assert "isoflop schema lists them" in refused(2, "schema", "zzzz")


ASKED = (
    "read @", "check @ --profile E", "fit @ --draws 20", "solve D besiroglu2024 N=1B loss=2.4",
    "forecast besiroglu2024 N=1B D=1T", "plan besiroglu2024 --flops 1e22", "plan besiroglu2024 --flops 1e20:1e22",
    "plan besiroglu2024 --gpus 64xH100 --days 7 --tiers 2", "cost 7B 1T --gpus 64xH100", "design ladder --sizes 10M:1B",
    "design grid --flops 1e17:1e19", "landmarks", "compare-models gpt-3 chinchilla", "laws", "laws chinchilla",
    "laws --claims", "laws besiroglu2024 N=1B D=1T", "laws chinchilla N=1B D=1T", "data", "explain D03",
)  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
def test_what_a_command_prints_obeys_its_schema(run, table, asked):
    done = run(*asked.replace("@", str(table)).split(), "--json")  # run holds it to the schema
    assert done.code == 0, done.err


def test_what_the_commands_on_a_study_print_obeys_their_schemas(run, tmp_path):
    folder = tmp_path / "s"
    run("study", "new", folder)
    for name in ("new", "status", "repair", "pack"):
        done = run("study", name, folder, "--json")
        assert done.code == 0, done.err
