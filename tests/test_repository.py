"""The repository keeps what it says of itself: the map, the order of imports, sizes, names, pages."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "isoflop"
FOLDERS = ("src", "tests", "benchmarks", "docs", "examples")
BANNED_NAMES = {"utils", "common", "helpers", "manager", "base", "core"}
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
IMPORT_EVERYTHING = ("__main__", "__init__")


def source_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every statement below a node: imports and functions are among them, and most of a tree is expressions."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.stmt | ast.excepthandler | ast.match_case):
            yield one
            yield from statements(one)


WINGS = (
    "formula", "laws", "compute", "data", "fitting", "forecasting", "planning", "experiments", "beyond", "faces"
)  # fmt: skip
FIRST = {"errors", "findings", "estimate", "quantities", "files", "display"}
"""Six rooms before the wings, which every wing may import; they import only each other."""


def read_map() -> list[str]:
    """Return the entries on the README's map in their order: "errors", ..., "formula", ..."""
    fenced = re.compile(r"^```[^\n]*\n(src/isoflop/\n.*?)^```", re.MULTILINE | re.DOTALL)
    blocks = fenced.findall((ROOT / "README.md").read_text())
    assert len(blocks) == 1, "README.md needs one fenced block that begins with the line src/isoflop/"
    entries: list[str] = []
    for line in blocks[0].splitlines()[1:]:
        branch = re.match(r"[├└]── (\w+/|[\w ]+)", line)
        entries += (name.rstrip("/") for name in branch[1].split()) if branch else ()
    return entries


def wing_map(wing: str) -> list[str]:
    """Return the rooms and files of a wing in the order of its own map, which its docstring draws."""
    text = ast.get_docstring(ast.parse((PACKAGE / wing / "__init__.py").read_text())) or ""
    lines = text.partition("\n\n")[2].splitlines()
    return [name.strip().rstrip("/") for line in lines for name in line.partition("  ")[0].split(",")]


def step_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def room_of(path: Path) -> str:
    """Return the room or file of a wing that a path lies in; "" for the wing's own __init__."""
    name = path.relative_to(PACKAGE).parts[1].removesuffix(".py")
    return "" if name == "__init__" else name


@cache
def modules() -> dict[str, Path]:
    """Return every module of the package with its file."""
    names = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("isoflop", *path.relative_to(PACKAGE).with_suffix("").parts)
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


@cache
def exported(module: str) -> frozenset[str]:
    """Return the names that a package's __init__ takes from its own files: there, they hide files of the same name."""
    tree = ast.parse(modules()[module].read_text())
    froms = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    return frozenset(alias.asname or alias.name for node in froms for alias in node.names)


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the modules of the package that a file imports anywhere in it."""
    found: set[str] = set()
    for node in statements(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in modules()}
        elif isinstance(node, ast.ImportFrom) and node.module in modules():
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                hidden = modules()[node.module].name == "__init__.py" and alias.name in exported(node.module)
                found.add(inner if inner in modules() and not hidden else node.module)
    return frozenset(found)


def in_a_fresh_python(program: str) -> object:
    """Run a program where nothing is loaded yet and give the JSON that it prints."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1]
    return json.loads(done.stdout)


def test_the_map_is_the_house():
    there = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    there -= {"__init__", "__main__", "__pycache__"}
    assert set(read_map()) == there
    assert {"errors", *FIRST} | set(WINGS) == there
    assert [name for name in read_map() if name in WINGS] == list(WINGS)


def test_the_house_has_few_entries():
    entries = [path for path in PACKAGE.iterdir() if path.name not in {"__pycache__", "py.typed"}]
    assert len(entries) <= 18, sorted(path.name for path in entries)


def test_each_wing_draws_its_rooms():
    for wing in WINGS:
        if wing == "laws":
            continue  # a catalogue: a file a paper
        rooms = [path for path in (PACKAGE / wing).iterdir() if path.suffix != ".csv"]
        there = {path.name.removesuffix(".py") for path in rooms} - {"__init__", "__pycache__"}
        assert sorted(wing_map(wing)) == sorted(there), f"src/isoflop/{wing}/__init__.py"


def test_a_wing_imports_only_the_wings_above_it():
    wrong = []
    for path in source_files("src"):
        step = step_of(path)
        if step in IMPORT_EVERYTHING:
            continue
        allowed = FIRST | set(WINGS[: WINGS.index(step) + 1] if step in WINGS else ())
        steps = {name.split(".")[1] if "." in name else "__init__" for name in imports(path)}
        allowed |= {"__init__"} if step == "faces" else set()  # `isoflop --version`
        wrong += [f"{shown(path)} → {other}" for other in sorted(steps - allowed)]
    assert not wrong, f"imports that point downwards: {', '.join(wrong)}"


def test_a_room_imports_only_the_rooms_above_it():
    wrong = []
    for wing in WINGS:
        order = wing_map(wing) if wing != "laws" else []
        for path in source_files(f"src/isoflop/{wing}") if order else ():
            for name in imports(path):
                parts = name.split(".")
                if len(parts) < 3 or parts[1] != wing or not room_of(path) or parts[2] == room_of(path):
                    continue
                if wing == "beyond" or order.index(parts[2]) > order.index(room_of(path)):
                    wrong.append(f"{shown(path)} → {name}")
    assert not wrong, f"imports of rooms below, or across beyond/: {', '.join(wrong)}"


def test_no_imports_run_in_a_circle():
    """Neither across files nor inside a folder, imports within functions and for types included."""
    graph = {name: imports(path) - {name} for name, path in modules().items() if path != PACKAGE / "__init__.py"}
    while free := {name for name, above in graph.items() if not above & graph.keys()}:
        graph = {name: above for name, above in graph.items() if name not in free}
    assert not graph, f"in or behind a circle: {', '.join(sorted(graph))}"


def test_no_file_is_longer_than_a_sitting():
    lengths = {path: len(path.read_text().splitlines()) for path in source_files(*FOLDERS)}
    long = [f"{shown(path)} ({lines})" for path, lines in lengths.items() if lines > LONGEST_FILE]
    assert not long, f"longer than {LONGEST_FILE} lines: {', '.join(long)}"


def test_no_function_is_longer_than_a_screen():
    long = []
    for path in source_files(*FOLDERS):
        for node in statements(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                example = (ast.get_docstring(node) or "").partition("\n>>>")  # what a user types is not what it does
                lines = (node.end_lineno or node.lineno) - node.lineno + 1 - len((example[1] + example[2]).splitlines())
                if lines > LONGEST_FUNCTION:
                    long.append(f"{shown(path)}:{node.lineno} {node.name} ({lines})")
    assert not long, f"longer than {LONGEST_FUNCTION} lines: {', '.join(long)}"


def test_every_module_is_named_after_what_it_holds():
    vague = [shown(path) for path in source_files("src") if BANNED_NAMES & set(path.with_suffix("").parts)]
    assert not vague, f"names that say nothing: {', '.join(vague)}"


def test_all_is_sorted_and_is_the_namespace():
    program = """
import isoflop, json, types
public = [n for n in dir(isoflop) if not n.startswith("_")]
hidden = [n for n in public if isinstance(getattr(isoflop, n), types.ModuleType) and n not in isoflop.__all__]
print(json.dumps([list(isoflop.__all__), [n for n in public if n not in hidden]]))
"""
    promised, found = in_a_fresh_python(program)
    promised = [name for name in promised if not name.startswith("__")]
    assert promised == sorted(promised), "isoflop.__all__ is not sorted"
    assert not set(promised) ^ set(found), f"in only one of __all__ and dir(): {sorted(set(promised) ^ set(found))}"


def test_public_names_stay_the_same_once_every_module_is_loaded():
    """A module that is loaded later must not hide a public name."""
    program = """
import isoflop, json, pkgutil, importlib
before = {n: type(getattr(isoflop, n)).__name__ for n in isoflop.__all__}
for module in pkgutil.walk_packages(isoflop.__path__, "isoflop."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
after = {n: type(getattr(isoflop, n)).__name__ for n in isoflop.__all__}
print(json.dumps([f"{n}: {before[n]}, then {after[n]}" for n in before if before[n] != after[n]]))
"""
    changed = in_a_fresh_python(program)
    assert not changed, f"names that change: {', '.join(changed)}"


def test_the_package_loads_nothing_heavy():
    program = """
import isoflop, json, sys
print(json.dumps(sorted({"scipy", "matplotlib", "pooch", "torch", "typer", "rich"} & set(sys.modules))))
"""
    loaded = in_a_fresh_python(program)
    assert not loaded, f"import isoflop also loads {', '.join(loaded)}"


def command_paths(command: object, path: str = "isoflop") -> list[str]:
    commands = getattr(command, "commands", None)
    if commands is None:
        return [path]
    return [found for name, child in commands.items() for found in command_paths(child, f"{path} {name}")]


def test_every_command_is_documented():
    import typer

    from isoflop.faces.cli import application

    headings = re.findall(r"^#+ `?(isoflop[^`\n]*)`?", (ROOT / "docs" / "cli.md").read_text(), re.MULTILINE)
    headings = [heading.strip() for heading in headings]
    missing = [path for path in command_paths(typer.main.get_command(application())) if path not in headings]
    assert not missing, f"no heading in docs/cli.md for: {', '.join(missing)}"


CANNOT_READ = {"CITATION.cff", "packaging/conda/recipe.yaml", "src/isoflop/faces/pages/explain.js"}
"""Files whose format cannot look an address up in pyproject.toml."""


def test_the_addresses_of_the_project_stand_in_one_place():
    """They are not there yet: whoever makes them changes pyproject.toml, and this names the rest."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    true = {re.search(rf'^{key} = "(.+)"', project, re.MULTILINE)[1] for key in ("Homepage", "Repository")}
    address = re.compile(r"https://(?:github\.com/isoflop|isoflop\.github\.io)[^\s\"'<>)]*")
    texts = {".py", ".js", ".md", ".toml", ".yml", ".yaml", ".cff", ".html", ".css"}
    folders = [ROOT / name for name in ("src", "docs", "packaging", "tests", "examples", "benchmarks", ".github")]
    files = [*ROOT.glob("*.*"), *(path for folder in folders for path in folder.rglob("*.*"))]
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if path.suffix not in texts or name == "pyproject.toml" or "_build" in path.parts:
            continue
        found = set(address.findall(path.read_text(encoding="utf-8")))
        assert not found or name in CANNOT_READ, name
        assert {one.rstrip("/") for one in found} <= true, name
