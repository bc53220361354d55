"""Reads the schema of a result's JSON out of its class: `as_dict` names the entries, the class has their types.

A small interpreter: it goes through the body of `as_dict` as Python would, with types in place of values. What it
cannot follow may be anything.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Callable
from typing import Any

import numpy as np
from schema_types import Known, Schema, attribute, bare, fields_of, hints, inner

ANYTHING: Schema = {}
NUMBER: Schema = {"type": ["number", "null"]}
"""A number; null where it is unknown. Out of reach is 1e999, which parsers read as infinity."""
TEXT: Schema = {"type": "string"}
ARRAY: Schema = {"type": "array", "items": {"type": ["array", "null", "number"]}}
"""Numbers in one dimension or more."""
_LISTED = re.compile(r"^([\w.*, ]*[\w*])  +(\S.*)$")
"""A line of a docstring that explains a field: its name, two spaces or more, what it is."""


def objects(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of these entries."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def each(item: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": item}


def either(*schemas: Schema) -> Schema:
    """Return the schema of what obeys one of several."""
    found: list[Schema] = []
    for one in schemas:
        found += [part for part in one.get("anyOf", [one]) if part not in found]
    if ANYTHING in found:
        return ANYTHING
    plain = [one for one in found if set(one) == {"type"}]
    kinds = sorted({kind for one in plain for kind in ([one["type"]] if isinstance(one["type"], str) else one["type"])})
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    merged: list[Schema] = [{"type": kinds[0] if len(kinds) == 1 else kinds}] if kinds else []
    rest = [one for one in found if one not in plain]
    return (merged + rest)[0] if len(merged + rest) == 1 else {"anyOf": merged + rest}


def joined(first: Schema, second: Schema) -> Schema:
    """Return the schema of {**first, **second}."""
    found = {"type": "object", "properties": {}, "required": []}
    for one in (first, second):
        if "anyOf" in one:  # one of several objects: what all of them have is there
            inside = [joined(each, {"type": "object"}) for each in one["anyOf"]]
            shared = set.intersection(*(set(each["required"]) for each in inside))
            one = {"properties": {name: what for each in inside for name, what in each["properties"].items()}}  # noqa: PLW2901
            one["required"] = [name for name in one["properties"] if name in shared]
        found["properties"] |= one.get("properties", {})
        found["required"] += [name for name in one.get("required", []) if name not in found["required"]]
        if "additionalProperties" in one:
            rest = one["additionalProperties"]
            found["additionalProperties"] = (
                either(found["additionalProperties"], rest) if "additionalProperties" in found else rest
            )
    return found


class Reader:
    """Reads classes into schemas; `$defs` collects one for each class."""

    def __init__(self) -> None:
        self.defs: dict[str, Schema] = {}
        self._names: dict[Any, str] = {}

    def reference(self, owner: type, method: str = "as_dict") -> Schema:
        """Return a reference to the schema of what a class gives as JSON, which is read if it was not."""
        function = getattr(owner, method)
        if function not in self._names:
            name = owner.__name__
            if name in self.defs:  # two wings may use one word
                name = f"{owner.__module__.split('.')[-2].title()}{name}"
            self._names[function] = name
            self.defs[name] = {}
            self.defs[name] = described(Body(self, function, {"self": Known(owner)}).schema(), owner)
        return {"$ref": f"#/$defs/{self._names[function]}"}

    def of(self, known: Known) -> Schema:
        """Return the schema of a value."""
        if known.schema is not None:
            return known.schema
        if known.hint is not None:
            return self.hinted(known.hint)
        return self.hinted(type(known.value))

    def whole(self, schema: Schema) -> Schema:
        """Return the schema that a reference leads to."""
        return self.defs[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def hinted(self, hint: Any) -> Schema:
        """Return the schema of a type as Python writes it."""
        simple = {float: NUMBER, int: {"type": "integer"}, str: TEXT, bool: {"type": "boolean"},
                  type(None): {"type": "null"}, np.ndarray: ARRAY}  # fmt: skip
        if typing.get_origin(hint) is np.ndarray or hint in simple:
            return simple.get(hint, ARRAY)
        origin, inside = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return either(*map(self.hinted, inside))
        if origin is typing.Literal:
            return {"enum": list(inside)}
        if inspect.isclass(origin) and issubclass(origin, tuple) and inside[-1:] != (...,):
            return {"type": "array", "prefixItems": [self.hinted(one) for one in inside]}
        if inspect.isclass(origin) and hasattr(origin, "keys"):
            return {"type": "object", "additionalProperties": self.hinted(inside[1])}
        if inspect.isclass(origin) and hasattr(origin, "__iter__") and inside:
            return each(self.hinted(inside[0]))
        if inspect.isclass(hint) and hasattr(hint, "as_dict"):
            return self.reference(hint)
        if inspect.isclass(hint) and (dataclasses.is_dataclass(hint) or hasattr(hint, "_fields")):
            return described(self.fields(hint), hint)
        return ANYTHING

    def fields(self, owner: type) -> Schema:
        """Return the schema of dataclasses.asdict, vars or _asdict of a class."""
        return objects(**{name: self.hinted(one) for name, one in fields_of(owner).items()})


def described(schema: Schema, owner: type) -> Schema:
    """Return a schema with what a class's docstring says of it and of its fields."""
    text = inspect.getdoc(owner) or ""
    told = {name: what for line in text.splitlines() if (found := _LISTED.match(line))
            for name, what in [(one.strip(), found[2]) for one in found[1].split(",")]}  # fmt: skip
    properties = {
        name: {"description": told[name]} | one if name in told and "description" not in one else one
        for name, one in schema.get("properties", {}).items()
    }
    return {"description": text.split("\n\n", maxsplit=1)[0].replace("\n", " ")} | schema | (
        {"properties": properties} if properties else {}
    )  # fmt: skip


class Body:
    """Reads the body of one function that returns a dictionary."""

    def __init__(self, reader: Reader, function: Callable[..., Any], known: dict[str, Known]) -> None:
        self.reader, self.function = reader, inspect.unwrap(function)
        self.known, self.home = dict(known), self.function.__globals__
        self.found: list[Schema] = []

    def schema(self) -> Schema:
        """Return the schema of what it returns."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(self.function)))
        for line in tree.body[0].body:
            self._line(line, sure=True)
        return either(*self.found) if self.found else ANYTHING

    def _line(self, line: ast.stmt, *, sure: bool) -> None:
        match line:
            case ast.Return(value=value) if value is not None:
                self.found.append(self.of(value))
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                self.known[name] = self.value(value)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name), slice=key)], value=value):
                entry = objects(**{self._constant(key): self.of(value)})
                self._add(name, entry, sure=sure)
            case ast.If(body=body, orelse=rest):
                for one in (*body, *rest):
                    self._line(one, sure=False)
            case _:
                pass

    def _add(self, name: str, entry: Schema, *, sure: bool) -> None:
        entry = entry if sure else {key: one for key, one in entry.items() if key != "required"}
        self.known[name] = Known(schema=joined(self.reader.of(self.known[name]), entry))

    def of(self, node: ast.expr) -> Schema:
        """Return the schema of an expression."""
        return self.reader.of(self.value(node))

    def value(self, node: ast.expr) -> Known:  # noqa: C901, PLR0912 - one case for each kind of expression
        """Return what is known of an expression."""
        match node:
            case ast.Constant(value=value):
                return Known(type(value), value=value)
            case ast.Name(id=name):
                return self.known.get(name) or Known(value=self.home.get(name))
            case ast.Attribute(value=of, attr=name):
                return Known(attribute(bare(self.value(of)), name))
            case ast.Dict(keys=keys, values=values):
                return Known(schema=self._dictionary(keys, values))
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return Known(schema=joined(self.reader.whole(self.of(left)), self.reader.whole(self.of(right))))
            case ast.BinOp():
                return Known(float)
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return Known(bool)
            case ast.BoolOp(values=values):
                return Known(schema=either(*map(self.of, values)))
            case ast.IfExp(body=body, orelse=orelse):
                return Known(schema=either(self.of(body), self.of(orelse)))
            case ast.Tuple(elts=[ast.Constant(), *_]) if all(isinstance(one, ast.Constant) for one in node.elts):
                return Known(value=ast.literal_eval(node))
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return Known(schema={"type": "array", "prefixItems": [self.of(one) for one in items]})
            case ast.ListComp(elt=item) | ast.GeneratorExp(elt=item):
                return Known(schema=each(self._within(node.generators[0], item)))
            case ast.DictComp():
                return Known(schema=self._mapping(node))
            case ast.Subscript(value=of):
                return Known(inner(bare(self.value(of)), node.slice))
            case ast.Call():
                return self._call(node)
        return Known(schema=ANYTHING)

    def _dictionary(self, keys: list[ast.expr | None], values: list[ast.expr]) -> Schema:
        found = objects()
        for key, value in zip(keys, values, strict=True):
            try:
                entry = (
                    self.reader.whole(self.of(value))
                    if key is None
                    else objects(**{self._constant(key): self.of(value)})
                )
            except LookupError:
                entry = {"type": "object", "additionalProperties": self.of(value)}
            found = joined(found, entry)
        return found

    def _constant(self, node: ast.expr) -> str:
        found = self.value(node).value
        if not isinstance(found, str):
            raise LookupError(ast.unparse(node))  # noqa: TRY004 - it is not known yet what it is
        return found

    def _within(self, loop: ast.comprehension, item: ast.expr) -> Schema:
        bound = self._bound(loop.target, loop.iter) or [{}]
        inside = Body(self.reader, self.function, self.known | bound[0])
        return inside.of(item)

    def _mapping(self, node: ast.DictComp) -> Schema:
        loop, found = node.generators[0], objects()
        for bound in self._bound(loop.target, loop.iter):
            inside = Body(self.reader, self.function, self.known | bound)
            name = inside.value(node.key).value
            if not isinstance(name, str):
                return {"type": "object", "additionalProperties": inside.of(node.value)}
            names = {key: known.value for key, known in bound.items()}
            if all(eval(ast.unparse(test), {**self.home}, names) for test in loop.ifs):  # noqa: S307 - our own source
                found = joined(found, objects(**{name: inside.of(node.value)}))
        return found

    def _bound(self, target: ast.expr, over: ast.expr) -> list[dict[str, Known]]:
        """Return what a loop binds, each time where what it goes over is known, else once, by its type."""
        names = [one.id for one in target.elts] if isinstance(target, ast.Tuple) else [target.id]
        rows = self._rows(over)
        if len(names) > 1 and all(len(row) == 1 for row in rows):  # pairs, to be taken apart
            rows = [[Known(inner(bare(row[0]), ast.Constant(place))) for place in range(len(names))] for row in rows]
        return [dict(zip(names, row, strict=False)) for row in rows]

    def _rows(self, over: ast.expr) -> list[list[Known]]:
        match over:
            case ast.Call(func=ast.Name(id="zip"), args=several):
                return [[self._rows(one)[0][0] for one in several]]
            case ast.Call(func=ast.Attribute(value=of, attr="items")):
                known = self.value(of)
                whole = self.reader.whole(known.schema or {})
                if "properties" in whole:
                    return [[Known(str, value=name), Known(schema=one)] for name, one in whole["properties"].items()]
                if whole:
                    return [[Known(str), Known(schema=whole.get("additionalProperties", ANYTHING))]]
                return [[Known(str), Known(inner(bare(known), None))]]
        known = self.value(over)
        if isinstance(known.value, tuple) and known.hint is None:
            return [[Known(type(one), value=one)] for one in known.value]
        if known.schema is not None:
            return [[Known(schema=known.schema.get("items", ANYTHING))]]
        return [[Known(inner(bare(known), None))]]

    def _call(self, node: ast.Call) -> Known:  # noqa: C901 - the same, for calls
        match node.func:
            case ast.Attribute(value=of, attr="as_dict" | "as_dicts" as method):
                owner = bare(self.value(of))
                return Known(
                    schema=self.reader.reference(owner, method) if hasattr(owner, method) else {"type": "object"}
                )
            case ast.Attribute(attr="tolist"):
                return Known(schema=either(each(ANYTHING), NUMBER))
            case ast.Attribute(value=of, attr=name):
                return Known(attribute(bare(self.value(of)), name))
            case ast.Name(id="json_of"):
                return Known(schema=self._json_of(*node.args, given={one.arg: one.value for one in node.keywords}))
            case ast.Name(id="as_json"):
                return self.value(node.args[0])
            case ast.Name(id="asdict" | "vars"):
                return Known(schema=self.reader.fields(bare(self.value(node.args[0]))))
            case ast.Name(id="dict" | "list" | "tuple") if node.args:
                return self._copied(node.args[0])
            case ast.Name(id="getattr"):
                return Known(attribute(bare(self.value(node.args[0])), self._constant(node.args[1])))
            case ast.Name(id="float" | "sum" | "abs" | "min" | "max"):
                return Known(float)
            case ast.Name(id="int" | "len"):
                return Known(int)
            case ast.Name(id="str"):
                return Known(str)
            case ast.Name(id=name) if inspect.isfunction(self.home.get(name)):
                return self._function(self.home[name], node.args)
        return Known(schema=ANYTHING)

    def _json_of(self, owner: ast.expr, names: ast.expr | None = None, *, given: dict[str | None, ast.expr]) -> Schema:
        """Return the schema of isoflop.findings.json_of: names of attributes, and what was worked out for others."""
        said = self._constant(names).split() if names else list(fields_of(bare(self.value(owner))))
        found = objects()
        for key, _, path in (name.partition("=") for name in said):
            known = self.value(given[key]) if key in given else self.value(owner)
            for part in () if key in given else (path or key).split("."):
                known = Known(attribute(bare(known), part))
            found = joined(found, objects(**{key: self.reader.of(known)}))
        return found

    def _copied(self, node: ast.expr) -> Known:
        """Return what is known of dict(...) or list(...) of something."""
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "zip" and len(node.args) == 2:
            return Known(schema={"type": "object", "additionalProperties": ANYTHING})
        return self.value(node)

    def _function(self, function: Callable[..., Any], arguments: list[ast.expr]) -> Known:
        given = hints(function).get("return")
        if given not in (dict, dict[str, Any], dict[str, object]):
            return Known(given)
        names = list(inspect.signature(function).parameters)
        known = {name: self.value(one) for name, one in zip(names, arguments, strict=False)}
        return Known(schema=Body(self.reader, function, known).schema())
