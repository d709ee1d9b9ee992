"""
The layers of the package: imports point down only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

import s3copy_async

ROOT: Final = Path(s3copy_async.__file__).parent
PACKAGE: Final = "s3copy_async"

# A name stands for a module, or for a package and everything in it.
LAYERS: Final = (
    ("model", "columns", "uri", "options", "errors", "text"),
    (
        "etag",
        "s3cfg",
        "events",
        "keys",
        "guess",
        "spans",
        "parts",
        "faults",
        "store",
        "advice",
        "selection",
        "stop",
        "tally",
        "listfile",
        "validate",
        "crc",
        "carry_rules",
        "globs",
        "filters",
        "filter_rules",
        "grantees",
        "headers",
        "flow",
        "patience",
        "delete_rules",
        "shelf",
    ),
    (
        "state",
        "guards",
        "listing",
        "sifting",
        "compare",
        "there",
        "stretch",
        "scan",
        "copying",
        "s3",
        "memory",
        "memory_data",
    ),
    ("candidates", "unordered", "comparing"),
    (
        "pipeline",
        "crew",
        "lister",
        "checking",
        "judging",
        "beside",
        "cleaning",
        "summary",
        "stream",
        "limiting",
        "lacking",
        "deleting",
        "planning",
    ),
    ("views",),
    ("connect", "app", "library", PACKAGE),
    ("cli", "__main__"),
)
OUTSIDE: Final = {"click", "rich", "aiobotocore", "botocore", "aiohttp"}


def name_of(path: Path) -> str:
    """
    The module's name below the package; the package's own name for its ``__init__``.
    """
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) or PACKAGE


SOURCES: Final = {name_of(path): ast.parse(path.read_text("utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def imports(name: str) -> Iterator[str]:
    """
    Full names of everything a module imports, also inside functions; a name out of a package counts as its module.
    """
    for node in ast.walk(SOURCES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            module = node.module or ""
            for alias in node.names:
                inner = f"{module}.{alias.name}".removeprefix(f"{PACKAGE}.")
                yield f"{PACKAGE}.{inner}" if module.startswith(PACKAGE) and inner in SOURCES else module


def own(name: str) -> set[str]:
    """
    The modules of this package that a module imports.
    """
    found = {item.removeprefix(f"{PACKAGE}.") for item in imports(name) if item.split(".")[0] == PACKAGE}
    return found & SOURCES.keys()


def layer(name: str) -> int:
    """
    The layer of a module; -1 where it has none.
    """
    known = {module: number for number, names in enumerate(LAYERS) for module in names}
    return known.get(name, known.get(name.split(".", maxsplit=1)[0], -1))


@pytest.mark.parametrize("name", SOURCES)
def test_every_module_has_its_layer(name: str) -> None:
    """
    A new module is given its place in the table.
    """
    assert layer(name) >= 0


@pytest.mark.parametrize("name", SOURCES)
def test_imports_point_to_the_same_layer_or_a_lower_one(name: str) -> None:
    """
    Every module stands in one layer, and knows nothing of those above.
    """
    above = {other for other in own(name) if layer(other) > layer(name)}

    assert set() == above


def test_imports_have_no_cycle() -> None:
    """
    Also inside one layer, imports have a direction.
    """
    graph = {name: own(name) - {name} for name in SOURCES}

    order = list(TopologicalSorter(graph).static_order())

    assert set(SOURCES) == set(order)


@pytest.mark.parametrize("name", [name for name in SOURCES if layer(name) <= 3 and name.split(".")[0] != "s3"])
def test_the_core_knows_no_terminal_and_no_http(name: str) -> None:
    """
    Only the ``s3`` package knows botocore and HTTP; only the command line knows click.
    """
    assert set() == OUTSIDE & {item.split(".")[0] for item in imports(name)}


@pytest.mark.parametrize("name", SOURCES)
def test_modules_and_functions_stay_small(name: str) -> None:
    """
    At most 300 lines a module and 50 a function, docstrings not counted.
    """
    tree = SOURCES[name]
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]

    assert {node.name: length(node) for node in functions if length(node) > 50} == {}
    assert length(tree) <= 300


def length(tree: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """
    Lines from the first statement to the last, without docstrings.
    """
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [
        node.body[0] for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node) is not None
    ]
    if not tree.body:
        return 0
    lines = (tree.body[-1].end_lineno or 0) - tree.body[0].lineno + 1
    return lines - sum((text.end_lineno or 0) - text.lineno + 1 for text in texts)
