"""Measure how our sources look: lengths, branches, nesting, annotations, docstrings.

    python tests/support/figures.py         prints the figures of src/aiovirt and of tests

Nothing measured is imported or run.  The limits stand in tests/style.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Match)
TRIES = (ast.Try, ast.TryStar)
LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension)
DECISIONS = (*LOOPS, ast.If, ast.IfExp, ast.ExceptHandler, ast.match_case, ast.Assert)
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
SUPPRESSION = re.compile(r"#\s*(noqa|ruff:\s*noqa|type:\s*ignore|pyright:|mypy:|pragma:\s*no)")


@dataclass(frozen=True)
class Measured:
    """One function or method."""

    where: str
    node: Function
    code: frozenset[int]
    method: bool

    @cached_property
    def length(self) -> int:
        """Its lines of code, from `def` on: no docstring, comment or blank line."""
        return len(self.code)

    @cached_property
    def _own_nodes(self) -> list[ast.AST]:
        """What is below it and in its scope: walked once, and looked at more often."""
        return list(own_nodes(self.node))

    @cached_property
    def branches(self) -> int:
        """McCabe's number: one more than the decisions."""
        decisions = [node for node in self._own_nodes if isinstance(node, DECISIONS)]
        chains = [node for node in self._own_nodes if isinstance(node, ast.BoolOp)]
        return 1 + len(decisions) + sum(len(node.values) - 1 for node in chains)

    @cached_property
    def nesting(self) -> int:
        """How many compound statements lie inside each other; an `elif` adds nothing."""
        return max((depth(node) for node in self.node.body), default=0)

    @cached_property
    def ladder(self) -> int:
        """The conditions of its longest if/elif."""
        return max((rungs(n) for n in self._own_nodes if isinstance(n, ast.If)), default=0)

    @cached_property
    def typed(self) -> bool:
        """Whether all its parameters and its result are annotated."""
        spec = self.node.args
        named = [*spec.posonlyargs, *spec.args]
        named = named[1:] if self.method else named
        rest = [argument for argument in (spec.vararg, spec.kwarg) if argument]
        annotated = all(a.annotation for a in (*named, *spec.kwonlyargs, *rest))
        return annotated and (self.node.returns is not None or self.node.name == "__init__")


@dataclass(frozen=True)
class Source:
    """One file."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text, str(self.path))

    @cached_property
    def lines(self) -> int:
        """All its lines."""
        return len(self.text.splitlines())

    @cached_property
    def code(self) -> frozenset[int]:
        """The numbers of its lines that hold code."""
        with self.path.open("rb") as file:
            tokens = list(tokenize.tokenize(file.readline))
        spans = ((t.start[0], t.end[0]) for t in tokens if t.type not in NO_CODE)
        held = {line for begin, end in spans for line in range(begin, end + 1)}
        return frozenset(held - self._strings())

    def _strings(self) -> set[int]:
        """The lines of docstrings, and of strings that stand below a name to explain it."""
        return {
            line
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node.value.value, str)
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        }

    @cached_property
    def suppressions(self) -> list[str]:
        """Where a checker is told to look away."""
        lines = enumerate(self.text.splitlines(), start=1)
        return [f"{self.path}:{number}" for number, line in lines if SUPPRESSION.search(line)]

    @cached_property
    def functions(self) -> list[Measured]:
        """All functions and methods, inner ones too; overloads are no code."""
        return [
            Measured(
                f"{self.path.relative_to(ROOT)}:{node.lineno} {node.name}",
                node,
                self.code & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)),
                method,
            )
            for node, method in definitions(self.tree)
            if not decorated(node, "overload")
        ]

    @cached_property
    def undocumented(self) -> list[str]:
        """Public definitions without a docstring, and the module itself when it has none."""
        nodes = [self.tree, *public_definitions(self.tree)]
        names = (getattr(node, "name", "the module") for node in nodes)
        return [
            f"{self.path.relative_to(ROOT)} {name}"
            for node, name in zip(nodes, names, strict=True)
            if ast.get_docstring(node) is None
        ]


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what is below a node and in its scope."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, SCOPES):
            yield child
            yield from own_nodes(child)


def depth(node: ast.AST) -> int:
    """Return how many compound statements lie inside each other at and below a node."""
    if isinstance(node, (*SCOPES, ast.expr)):  # no statement is below an expression
        return 0
    own = isinstance(node, (*BLOCKS, *TRIES))
    below = max(map(depth, ast.iter_child_nodes(node)), default=0)
    if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return max(1 + max(map(depth, node.body)), depth(node.orelse[0]))
    return below + own


def rungs(node: ast.If) -> int:
    """Return how many conditions a ladder has from this one on."""
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return 1 + rungs(node.orelse[0])
    return 1


def decorated(node: Function, name: str) -> bool:
    """Tell whether a function bears a decorator, bare or as an attribute."""
    decorators = node.decorator_list
    return any(getattr(item, "attr", getattr(item, "id", "")) == name for item in decorators)


def stands_alone(node: Function) -> bool:
    """Tell whether a function is documented by itself: no overload, no setter of a property."""
    return not decorated(node, "overload") and not decorated(node, "setter")


def definitions(parent: ast.AST, *, methods: bool = False) -> Iterator[tuple[Function, bool]]:
    """Walk all functions, inner ones too, each with whether it stands in a class."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, Function):
            yield node, methods and not decorated(node, "staticmethod")
        if isinstance(node, ast.expr):  # which has no definition below it
            continue
        inside = isinstance(node, ast.ClassDef) or (methods and not isinstance(node, SCOPES))
        yield from definitions(node, methods=inside)


def public_definitions(parent: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    """Walk the public classes, functions and methods."""
    for node in parent.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node
            yield from public_definitions(node)
        elif isinstance(node, Function) and not node.name.startswith("_") and stands_alone(node):
            yield node


GENERATED = "\nCode generated by "
"""How the second paragraph of a generated module begins."""


def sources(folder: str) -> list[Source]:
    """Return the Python files below a folder of the repository that somebody wrote."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    texts = ((path, path.read_text(encoding="utf-8")) for path in paths)
    return [Source(path, text) for path, text in texts if GENERATED not in text[:400]]


def of_ten(values: Sequence[int], share: int) -> int:
    """Return the value that so many of ten values do not pass; nought of none."""
    return sorted(values)[max(0, -(-len(values) * share // 10) - 1)] if values else 0


def figures(files: Sequence[Source]) -> dict[str, float]:
    """Return the figures of some files, named as they are printed and limited."""
    functions = [function for file in files for function in file.functions]
    lines = [file.lines for file in files]
    lengths = [function.length for function in functions]
    branches = [function.branches for function in functions]
    code = sum(len(file.code) for file in files)
    return {
        "files": len(files),
        "lines of code": code,
        "lines per file, median": statistics.median(lines),
        "lines per file, nine of ten": of_ten(lines, 9),
        "lines per file, most": max(lines),
        "functions": len(functions),
        "code lines per function, median": statistics.median(lengths),
        "code lines per function, nine of ten": of_ten(lengths, 9),
        "code lines per function, most": max(lengths),
        "branches per function, nine of ten": of_ten(branches, 9),
        "branches per function, most": max(branches),
        "nesting, most": max(function.nesting for function in functions),
        "if/elif, most": max(function.ladder for function in functions),
        "suppressions per 1,000 lines of code": round(
            1000 * sum(len(file.suppressions) for file in files) / code, 1
        ),
    }


def main() -> None:
    """Print the figures side by side."""
    ours, tests = figures(sources("src/aiovirt")), figures(sources("tests"))
    lines = [f"{'':40}{'src/aiovirt':>12}{'tests':>12}"]
    lines += [f"{name:40}{value:12,g}{tests[name]:12,g}" for name, value in ours.items()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
