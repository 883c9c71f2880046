"""Standard output: results become text in the format that was asked for, and are written.

The formats are one table. It knows no verb.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from importlib import import_module

from aiovirt.cli.colours import decorated
from aiovirt.cli.results import Plain, Result
from aiovirt.cli.settings import Settings
from aiovirt.cli.standard import write

__all__ = ["Output"]

Render = Callable[[Result, Settings], str]


def _table(result: Result, settings: Settings) -> str:
    """For people; rich is loaded only when there is something to lay out."""
    if isinstance(result, Plain):
        return "" if settings.quiet and result.chatter else f"{result.text}\n"
    draw: Callable[..., str] = import_module("aiovirt.cli.tables").draw
    return draw(result, headings=not settings.quiet, terminal=decorated(sys.stdout))


def _json(result: Result, _settings: Settings) -> str:
    return f"{json.dumps(result.data, indent=2, ensure_ascii=False)}\n"


def _json_line(result: Result, _settings: Settings) -> str:
    return f"{json.dumps(result.data, ensure_ascii=False)}\n"


def _yaml(result: Result, _settings: Settings) -> str:
    dump: Callable[..., str] = import_module("yaml").safe_dump
    # Through JSON: its types are all that a document has.
    plain: object = json.loads(json.dumps(result.data))
    return dump(plain, sort_keys=False, allow_unicode=True)


def _yaml_document(result: Result, settings: Settings) -> str:
    return f"---\n{_yaml(result, settings)}"


def _name(result: Result, _settings: Settings) -> str:
    return "".join(f"{name}\n" for name in result.names)


WHOLE: dict[str, Render] = {"table": _table, "json": _json, "yaml": _yaml, "name": _name}
STREAMED: dict[str, Render] = WHOLE | {"json": _json_line, "yaml": _yaml_document}


class Output:
    """Where results go. Every write is flushed: what was done is seen at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A name that the terminal's encoding lacks must not lose the rest of the output.
            sys.stdout.reconfigure(errors="backslashreplace")

    def show(self, result: Result) -> None:
        """Write the result of a command.

        Raises:
            OutputGone: Nobody reads it.
        """
        write(WHOLE[self._settings.output](result, self._settings))

    def show_one(self, result: Result) -> None:
        """Write one result of many that come one by one: a line of JSON, a YAML document.

        Raises:
            OutputGone: Nobody reads it.
        """
        write(STREAMED[self._settings.output](result, self._settings))

    def say(self, text: str) -> None:
        """Write a line for people: only in the table format, and not when quiet.

        Raises:
            OutputGone: Nobody reads it.
        """
        if self._settings.output == "table" and not self._settings.quiet:
            write(f"{text}\n")
