"""``edit``: a configuration in the user's own editor, asked again until it is right or given up.

The host is open only while the configuration is read and written: meanwhile others may use it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from aiovirt.cli.arguments import DomainArg, TurnsArg
from aiovirt.cli.failures import GivenUp, UsageError, explain, tell
from aiovirt.cli.interrupts import terminal_lent
from aiovirt.cli.results import Plain, done
from aiovirt.cli.run import Turns
from aiovirt.cli.saved import AS_IT_WAS, HostFileArg, Then
from aiovirt.cli.session import Session
from aiovirt.cli.storage import PoolArg, find_pool, pool_done
from aiovirt.errors import AiovirtError, Busy, ExecutableNotFound, ProcessFailed

__all__ = ["Editable", "edit", "edited", "managedsave_edit", "pool_edit", "save_image_edit"]

_QUESTION = "Try again? [y,n,f,?]: "
_EXPLANATION = """\
y - yes, open the editor again
n - no, throw my changes away
f - force: define it as it is, over changes of others too
"""


def edit(domain: DomainArg, *, turns: TurnsArg) -> Plain:
    """Edit the configuration of a domain.

    The editor is $VISUAL, $EDITOR or vi. What is changed holds from the next start on. The host
    is not held while the editor is open. For example:

        EDITOR=nano aiovirt edit web1
    """

    async def find(session: Session) -> Editable:
        key = (await session.domain(domain)).key

        async def read(session: Session) -> str:
            found = await session.host.domains.get(key.uuid)
            return await found.xml(inactive=True, secure=True)

        async def write(session: Session, text: str) -> None:
            await session.host.domains.define(text)

        label = f"domain '{key.name}'"
        return Editable(label, key.uuid, read, write, lambda result, text: done(key, result, text))

    return edited(turns, find)


def pool_edit(pool: PoolArg, *, turns: TurnsArg) -> Plain:
    """Edit the configuration of a storage pool.

    The editor is $VISUAL, $EDITOR or vi. What is changed holds from the next start on.

    For example:

        EDITOR=nano aiovirt pool-edit images
    """

    async def find(session: Session) -> Editable:
        key = (await find_pool(session, pool)).key

        async def read(session: Session) -> str:
            return await (await session.host.pools.get(key.uuid)).xml(inactive=True)

        async def write(session: Session, text: str) -> None:
            await session.host.pools.define(text)

        label = f"pool '{key.name}'"
        return Editable(
            label, key.uuid, read, write, lambda result, text: pool_done(key, result, text)
        )

    return edited(turns, find)


def managedsave_edit(domain: DomainArg, *, then: Then = AS_IT_WAS, turns: TurnsArg) -> Plain:
    """Edit the configuration that the host keeps with a domain's memory.

    For example:

        EDITOR=nano aiovirt managedsave-edit web1
    """

    async def find(session: Session) -> Editable:
        key = (await session.domain(domain)).key

        async def read(session: Session) -> str:
            found = await session.host.domains.get(key.uuid)
            return (await found.managed_save_config(secure=True)).to_xml(secure=True)

        async def write(session: Session, text: str) -> None:
            found = await session.host.domains.get(key.uuid)
            await found.set_managed_save_config(text, paused=then.wanted)

        label = f"managed save image of domain '{key.name}'"
        return Editable(label, key.uuid, read, write, lambda result, text: done(key, result, text))

    return edited(turns, find)


def save_image_edit(file: HostFileArg, *, then: Then = AS_IT_WAS, turns: TurnsArg) -> Plain:
    """Edit the configuration in a file of saved memory.

    For example:

        EDITOR=nano aiovirt save-image-edit /var/tmp/web1.save
    """

    async def read(session: Session) -> str:
        config = await session.host.domains.saved_config(str(file), secure=True)
        return config.to_xml(secure=True)

    async def write(session: Session, text: str) -> None:
        await session.host.domains.set_saved_config(str(file), text, paused=then.wanted)

    async def find(session: Session) -> Editable:
        config = await session.host.domains.saved_config(str(file))
        name, uuid = str(config.name), UUID(str(config.uuid))

        def confirm(result: str, text: str) -> Plain:
            data = {"name": name, "uuid": str(uuid), "file": str(file), "result": result}
            return Plain(text, data, [name], chatter=True)

        return Editable(f"saved state file {file}", uuid, read, write, confirm)

    return edited(turns, find)


@dataclass(frozen=True, slots=True)
class Editable:
    """Something with a configuration that can be edited.

    Attributes:
        label: What it is called in sentences, such as ``domain 'web1'``.
        uuid: What its file is named after: what tells it from all others.
        read: Gives its present configuration.
        write: Gives it another one.
        confirm: The result, from one word for programs and a sentence.
    """

    label: str
    uuid: UUID | str
    read: Callable[[Session], Awaitable[str]]
    write: Callable[[Session, str], Awaitable[None]]
    confirm: Callable[[str, str], Plain]


def edited(turns: Turns, find: Callable[[Session], Awaitable[Editable]]) -> Plain:
    """Let the user edit what `find` finds.

    Raises:
        AiovirtError: It is not there, or what was written is wrong and nobody is there to ask.
        GivenUp: The user has enough.
    """

    async def start(session: Session) -> tuple[Editable, str]:
        thing = await find(session)
        return thing, await thing.read(session)

    thing, before = turns.take(start)
    # Passwords may be in it: the folder is nobody else's, and goes with the block.
    with TemporaryDirectory(prefix="aiovirt-edit-") as folder:
        draft = _Draft(turns, thing, before, Path(folder, f"{thing.uuid}.xml"))
        return draft.finish()


@dataclass(frozen=True, slots=True)
class _Draft:
    """A configuration while it is edited."""

    turns: Turns
    thing: Editable
    before: str
    path: Path

    def finish(self) -> Plain:
        """Edit until it is defined, unchanged, or given up."""
        self.path.write_text(self.before)
        _open_editor(self.path)
        force = False
        while (text := self.path.read_text()) != self.before:
            try:
                return self._define(text, force=force)
            except AiovirtError as error:
                force = _ask(error)
            if not force:
                _open_editor(self.path)
        return self._confirm("unchanged", "not changed")

    def _define(self, text: str, *, force: bool) -> Plain:
        """Define it, unless somebody else has changed it meanwhile.

        Raises:
            Busy: Somebody has, and `force` is off.
            AiovirtError: It is wrong.
        """

        async def write(session: Session) -> None:
            if not force and await self.thing.read(session) != self.before:
                raise Busy(
                    f"the configuration of {self.thing.label} was changed meanwhile",
                    hint="f defines yours over it",
                )
            await self.thing.write(session, text)

        self.turns.take(write)
        return self._confirm("edited", "edited")

    def _confirm(self, result: str, words: str) -> Plain:
        label = self.thing.label
        return self.thing.confirm(
            result, f"{label[0].upper()}{label[1:]} XML configuration {words}"
        )


def _ask(error: AiovirtError) -> bool:
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
        answer = sys.stdin.readline().strip().lower()
        if answer in {"n", ""}:
            raise GivenUp("your changes were thrown away")
        if answer in {"y", "f"}:
            return answer == "f"
        sys.stderr.write(_EXPLANATION)


def _open_editor(path: Path) -> None:
    """Let the user's editor have the terminal until it ends.

    Raises:
        ExecutableNotFound: There is no such editor.
        ProcessFailed: It ended with an error: what it wrote is not used.
        Interrupted: A signal ended it and us.
    """
    command = [*_editor(), str(path)]
    try:
        # Not the spawner: that gives programs a process group of their own, and a program that
        # reads the terminal must be in ours, with Ctrl-Z stopping both.
        with terminal_lent():
            editor = subprocess.run(command, check=False)
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
    """The user's editor as a command.

    Raises:
        UsageError: The environment names none, but something that is no command.
    """
    for name in ("VISUAL", "EDITOR"):
        if environment.get(name):
            return _command(name, environment[name])
    return ["vi"]


def _command(variable: str, text: str) -> list[str]:
    """The words of a command in an environment variable."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        problem = str(error).lower()
        raise UsageError(
            f"{variable}={text}: no command ({problem})", hint=f"{variable}=vi, for example"
        ) from error
    if not words:
        raise UsageError(f"{variable}={text}: no command", hint=f"{variable}=vi, for example")
    return words
