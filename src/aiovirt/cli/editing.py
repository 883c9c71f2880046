"""``edit``: a configuration in the user's own editor, asked again until it is right or given up.

The host is open only while the configuration is read and written: meanwhile others may use it.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from aiovirt.cli import terminal
from aiovirt.cli.arguments import ContextArg, DomainArg
from aiovirt.cli.failures import GivenUp, explain, tell
from aiovirt.cli.results import Plain, done
from aiovirt.cli.session import Context
from aiovirt.errors import AiovirtError, Busy, ExecutableNotFound, ProcessFailed
from aiovirt.model.domain import DomainKey

__all__ = ["edit"]

_QUESTION = "Try again? [y,n,f,?]: "
_EXPLANATION = """\
y - yes, open the editor again
n - no, throw my changes away
f - force: define it as it is, over changes of others too
"""


async def edit(domain: DomainArg, *, context: ContextArg) -> Plain:
    """Edit the configuration of a domain.

    The editor is $VISUAL, $EDITOR or vi. What is changed holds from the next start
    on. The host is not held while the editor is open.

    For example:

        EDITOR=nano aiovirt edit web1
    """
    async with context.connect() as session:
        found = await session.domain(domain)
        before = await found.xml(inactive=True, secure=True)
    # Passwords may be in it: the folder is nobody else's, and goes with the block.
    with TemporaryDirectory(prefix="aiovirt-edit-") as folder:
        draft = _Draft(context, found.key, before, Path(folder, f"{found.uuid}.xml"))
        return await draft.finish()


@dataclass(slots=True)
class _Draft:
    """A configuration while it is edited."""

    context: Context
    key: DomainKey
    before: str
    path: Path

    async def finish(self) -> Plain:
        """Edit until it is defined, unchanged, or given up."""
        self.path.write_text(self.before)
        await self._open_editor()
        force = False
        while (text := self.path.read_text()) != self.before:
            try:
                return await self._define(text, force=force)
            except AiovirtError as error:
                force = await self._ask(error)
            if not force:
                await self._open_editor()
        sentence = f"Domain '{self.key.name}' XML configuration not changed"
        return done(self.key, "unchanged", sentence)

    async def _define(self, text: str, *, force: bool) -> Plain:
        """Define it, unless somebody else has changed it meanwhile.

        Raises:
            Busy: Somebody has, and `force` is off.
            AiovirtError: It is wrong.
        """
        async with self.context.connect() as session:
            domain = await session.host.domains.get(self.key.uuid)
            if not force and await domain.xml(inactive=True, secure=True) != self.before:
                raise Busy(
                    f"the configuration of domain '{self.key.name}' was changed meanwhile",
                    hint="f defines yours over it",
                )
            await session.host.domains.define(text)
        return done(self.key, "edited", f"Domain '{self.key.name}' XML configuration edited")

    async def _ask(self, error: AiovirtError) -> bool:
        """Whether to define it as it is (or else edit again).

        Raises:
            GivenUp: The user has enough.
            AiovirtError: The one given, when there is nobody to ask.
        """
        if not sys.stdin.isatty():
            raise error
        tell(explain(error))
        while True:
            sys.stderr.write(_QUESTION)
            sys.stderr.flush()
            answer = (await terminal.read(sys.stdin.fileno())).strip().lower()
            if answer in {b"n", b""}:
                raise GivenUp("your changes were thrown away")
            if answer in {b"y", b"f"}:
                return answer == b"f"
            sys.stderr.write(_EXPLANATION)

    async def _open_editor(self) -> None:
        """Let the user's editor have the terminal until it ends.

        Raises:
            ExecutableNotFound: There is no such editor.
            ProcessFailed: It ended with an error: what it wrote is not used.
        """
        command = [*_editor(), str(self.path)]
        with self.context.interrupts.held():
            try:
                editor = await anyio.run_process(
                    command, stdin=None, stdout=None, stderr=None, check=False
                )
            except FileNotFoundError as error:
                raise ExecutableNotFound(
                    f"there is no editor {command[0]!r}",
                    program=command[0],
                    phase="exec",
                    errno=error.errno,
                    hint="name yours in the environment variable EDITOR",
                ) from error
        if editor.returncode:
            raise ProcessFailed(shlex.join(command), editor.returncode)


def _editor(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The user's editor as a command."""
    return shlex.split(environment.get("VISUAL") or environment.get("EDITOR") or "vi")
