"""What a command prints with --json, held to its published schema: every entry there is must be in it."""

from __future__ import annotations

import json
from functools import cache

import pytest
from jsonschema import Draft202012Validator

from isoflop.errors import UsageError
from isoflop.faces.cli.schemas import schema_of


def closed(schema):
    """Give a schema that allows no entries but those it names: what is printed and not published would show."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    bare = schema.get("type") == "object" and "properties" in schema and "additionalProperties" not in schema
    return {key: closed(one) for key, one in schema.items()} | ({"additionalProperties": False} if bare else {})


@cache
def _validator(command, *, new):
    return Draft202012Validator(closed(schema_of(command)) if new else schema_of(command))


def obeys(words, printed, *, new=True):
    """Assert that what a command, given as words, printed obeys the schema of that command.

    What was printed by an older version may lack no entry and have others: new=False.
    """
    try:
        validator = _validator(words[0], new=new)
    except UsageError:
        validator = _validator(" ".join(words[:2]), new=new)
    wrong = [f"{one.json_path}: {one.message[:300]}" for one in validator.iter_errors(json.loads(printed))]
    if wrong:
        pytest.fail(f"{' '.join(words[:2])} --json is not as isoflop schema says:\n" + "\n".join(wrong[:5]))
