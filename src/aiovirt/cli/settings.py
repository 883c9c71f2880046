"""What every verb is told besides its own arguments: which host, which format, how long."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from aiovirt.model.uri import URI

__all__ = ["URI_VARIABLE", "Format", "Settings", "default_uri"]

Format = Literal["table", "json", "yaml", "name"]

URI_VARIABLE = "AIOVIRT_DEFAULT_URI"
"""The environment variable that names the host when no option does."""


def default_uri(environment: Mapping[str, str] = os.environ) -> URI:
    """The host when none is named: QEMU inside this process, its state in the user's folder.

    Source of the folder: the XDG base directory specification, ``XDG_STATE_HOME``.
    """
    state = environment.get("XDG_STATE_HOME", "")
    folder = Path(state) if Path(state).is_absolute() else Path.home() / ".local/state"
    return URI(driver="qemu", path="/embed", parameters={"root": str(folder / "aiovirt")})


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options that stand before or after any verb."""

    connect: Annotated[str | None, Parameter(name=("--connect", "-c"), metavar="URI")] = None
    """The host's URI; else $AIOVIRT_DEFAULT_URI; else QEMU, its state in ~/.local/state."""

    readonly: Annotated[bool, Parameter(name=("--readonly", "-r"))] = False
    """Change nothing through this connection."""

    output: Annotated[Format, Parameter(name=("--output", "-o"))] = "table"
    """How results are written; events in json come one a line."""

    timeout: Annotated[float | None, Parameter(validator=Number(gt=0), metavar="SECONDS")] = None
    """Give up after this many seconds; what can be undone is undone."""

    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"))] = False
    """No confirmations, headings and progress; errors still show."""

    debug: bool = False
    """Show where an error comes from (the traceback)."""

    @property
    def uri(self) -> URI:
        """The host to open.

        Raises:
            ConfigError: The URI that was given is none.
        """
        # An empty variable is none, as for libvirt; an empty option is a mistake.
        given = os.environ.get(URI_VARIABLE) or None if self.connect is None else self.connect
        return default_uri() if given is None else URI.parse(given)
