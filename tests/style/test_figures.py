"""The gates on how the code looks: CONTRIBUTING.md tells why."""

from __future__ import annotations

import ast
import graphlib
from functools import cache
from pathlib import Path

import figures
import pytest

SRC = figures.sources("src/aiovirt")
TESTS = figures.sources("tests")
ALL = SRC + TESTS + figures.sources("benchmarks") + figures.sources("examples")

LIMITS = {
    "lines per file, median": 200,
    "lines per file, nine of ten": 420,
    "lines per file, most": 700,
    "code lines per function, median": 6,
    "code lines per function, nine of ten": 20,
    "code lines per function, most": 50,
    "branches per function, nine of ten": 5,
    "branches per function, most": 15,
    "nesting, most": 4,
    "if/elif, most": 4,
    "suppressions per 1,000 lines of code": 4,
}
# A test's body is one claim, and longer than a function of the library may be.
TEST_LIMITS = {
    name: limit for name, limit in LIMITS.items() if name != "code lines per function, median"
}
TESTED_LENGTH = 15


@cache
def measured(folder: str) -> dict[str, float]:
    """Return the figures of a folder; all processes that run tests read this file, one measures."""
    return figures.figures({"src": SRC, "tests": TESTS}[folder])


@pytest.mark.parametrize("name", LIMITS)
def test_the_library_keeps_to_its_figures(name: str) -> None:
    assert measured("src")[name] <= LIMITS[name], worst(name, SRC)


@pytest.mark.parametrize("name", TEST_LIMITS)
def test_the_tests_keep_to_their_figures(name: str) -> None:
    assert measured("tests")[name] <= TEST_LIMITS[name], worst(name, TESTS)


def worst(name: str, files: list[figures.Source]) -> str:
    """Name where to look first."""
    attributes = {"code": "length", "branches": "branches", "nesting": "nesting", "if/": "ladder"}
    for prefix, attribute in attributes.items():
        if name.startswith(prefix):
            functions = [function for file in files for function in file.functions]
            functions.sort(key=lambda function: -int(getattr(function, attribute)))
            return "\n".join(function.where for function in functions[:5])
    if name.startswith("suppressions"):
        return "\n".join(where for file in files for where in file.suppressions)
    longest = sorted(files, key=lambda file: -file.lines)[:5]
    return "\n".join(f"{file.path} {file.lines}" for file in longest)


def test_tests_are_short() -> None:
    lengths = [f.length for file in TESTS for f in file.functions if f.node.name.startswith("test")]
    assert figures.of_ten(lengths, 9) <= TESTED_LENGTH


def test_every_signature_is_typed() -> None:
    found = [f.where for file in ALL for f in file.functions if not f.typed]
    assert not found, "\n".join(found)


def test_every_public_name_has_a_docstring() -> None:
    found = [name for file in SRC for name in file.undocumented]
    assert not found, "\n".join(found)


def test_every_file_says_what_it_is_for() -> None:
    found = [name for file in ALL for name in file.undocumented if "the module" in name]
    assert not found, "\n".join(found)


def module_name(path: Path) -> str:
    """Return the dotted name of a file of src."""
    parts = path.relative_to(figures.ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_module_needs_itself_to_be_imported() -> None:
    names = {module_name(file.path) for file in SRC}
    needs = {module_name(file.path): eager_imports(file, names) for file in SRC}
    graphlib.TopologicalSorter(needs).prepare()


def eager_imports(file: figures.Source, names: set[str]) -> set[str]:
    """Return the modules of ours that a file imports while it is itself imported."""
    imports = [node for node in figures.own_nodes(file.tree) if isinstance(node, ast.ImportFrom)]
    told = {
        f"{node.module}.{alias.name}"
        if f"{node.module}.{alias.name}" in names
        else f"{node.module}"
        for node in imports
        for alias in node.names
    }
    guarded = {n for block in file.tree.body if is_type_checking(block) for n in imported(block)}
    return {name for name in told & names if name not in guarded}


def is_type_checking(node: ast.stmt) -> bool:
    """Tell whether a statement is for type checkers alone."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imported(block: ast.AST) -> set[str | None]:
    """Return the modules that the imports in a block name."""
    walk = ast.walk(block)
    return {node.module for node in walk if isinstance(node, ast.ImportFrom)}
