"""One command line from its arguments to its exit status.

The verbs are loaded inside the guard, and only when they are needed: ``aiovirt --version`` needs
neither the extra nor its time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from aiovirt.cli import standard
from aiovirt.cli.about import own_version
from aiovirt.cli.failures import Guard
from aiovirt.errors import ResourceUnavailable

__all__ = ["run"]

_EXTRA = frozenset({"cyclopts", "rich", "yaml"})


def run(tokens: Sequence[str]) -> int:
    """Run one command line and return its exit status; errors are told, not raised."""
    standard.fill()
    with Guard(debug="--debug" in tokens) as guard:
        if list(tokens) == ["--version"]:
            standard.write(f"aiovirt {own_version()}\n")
        else:
            _verbs()(tokens)
    return guard.status


def _verbs() -> Callable[[Sequence[str]], None]:
    """What runs a command line that needs the verbs.

    Raises:
        ResourceUnavailable: The extra is not installed.
    """
    try:
        verbs: Callable[[Sequence[str]], None] = import_module("aiovirt.cli.app").run
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise ResourceUnavailable(
            "the command line needs more than is installed", hint="pip install 'aiovirt[cli]'"
        ) from error
    return verbs
