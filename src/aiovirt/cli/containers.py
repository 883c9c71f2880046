"""``lxc-enter-namespace``: a program in a container.

The host is open only while the namespaces are fetched; then the terminal is the program's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from aiovirt.cli.arguments import DomainArg, TurnsArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.interrupts import terminal_lent
from aiovirt.cli.results import Plain
from aiovirt.cli.session import Session
from aiovirt.errors import ExecutableNotFound, ProcessFailed

__all__ = ["lxc_enter_namespace"]

ENTER = "nsenter"
OPTIONS = {
    "mnt": "--mount",
    "uts": "--uts",
    "ipc": "--ipc",
    "net": "--net",
    "pid": "--pid",
    "user": "--user",
    "cgroup": "--cgroup",
}
"""The kinds of namespaces, namespaces(7), to the options of nsenter(1)."""


def lxc_enter_namespace(
    domain: DomainArg,
    *cmd: Annotated[str, Parameter(help="The program and its arguments, after --.")],
    noseclabel: Annotated[bool, about("Keep this program's own security label.")] = False,
    turns: TurnsArg,
) -> Plain | None:
    """Run a program in a container's namespaces.

    It is run by nsenter(1), which keeps this program's own security label anyway. For example:

        aiovirt lxc-enter-namespace box1 -c lxc:///system -- /bin/ps aux
    """
    _ = noseclabel
    if not cmd:
        raise UsageError("lxc-enter-namespace needs a program", hint="after --, by its full path")

    async def fetch(session: Session) -> tuple[int, ...]:
        return await (await session.domain(domain)).open_namespaces()

    found = turns.take(fetch)
    try:
        _run(found, cmd)
    finally:
        for descriptor in found:
            os.close(descriptor)
    return None


def _run(found: tuple[int, ...], cmd: tuple[str, ...]) -> None:
    """Run it until it ends.

    Raises:
        ExecutableNotFound: There is no nsenter here.
        ProcessFailed: It ended with an error.
    """
    entering = [option for one in found for option in _option(one)]
    try:
        # Not the spawner: the program has our terminal, as an editor has.
        with terminal_lent():
            ended = subprocess.run([ENTER, *entering, "--", *cmd], pass_fds=found, check=False)
    except FileNotFoundError as error:
        raise ExecutableNotFound(
            f"there is no {ENTER} here",
            program=ENTER,
            phase="exec",
            errno=error.errno,
            hint="install util-linux",
        ) from error
    if ended.returncode:
        raise ProcessFailed(" ".join(cmd), ended.returncode)


def _option(descriptor: int) -> Iterator[str]:
    """The option that enters a namespace; none for one that we are in, which is refused."""
    link = Path(f"/proc/self/fd/{descriptor}").readlink().name
    kind = link.partition(":")[0]
    if kind in OPTIONS and Path(f"/proc/self/ns/{kind}").readlink().name != link:
        yield f"{OPTIONS[kind]}=/proc/self/fd/{descriptor}"
