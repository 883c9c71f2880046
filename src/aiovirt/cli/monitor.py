"""``qemu-monitor-command``: the hypervisor's own words, passed through as they are."""

from __future__ import annotations

import json
from typing import Annotated

from aiovirt.cli.arguments import DomainArg, SessionArg, about
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Plain

__all__ = ["parse_command", "qemu_monitor_command"]

HUMAN_COMMAND = "human-monitor-command"


def parse_command(text: str, *, hmp: bool) -> tuple[str, dict[str, object]]:
    """The command and its arguments: of JSON as QMP has it, of a bare name, or of a human line.

    Raises:
        UsageError: It is none of these.
    """
    if hmp:
        return HUMAN_COMMAND, {"command-line": text}
    if not text.lstrip().startswith("{"):
        return text.strip(), {}
    try:
        message = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the command is no JSON: {error}") from error
    command, arguments = message.get("execute"), message.get("arguments", {})
    if not (isinstance(command, str) and isinstance(arguments, dict)):
        raise UsageError(
            "the command has no name",
            hint='write {"execute": NAME, "arguments": {…}}, or NAME alone',
        )
    return command, arguments


async def qemu_monitor_command(
    domain: DomainArg,
    *cmd: Annotated[str, about("The command: a name, JSON as of QMP, or with --hmp a line.")],
    hmp: Annotated[bool, about("It is a line of the human monitor.")] = False,
    pretty: Annotated[bool, about("Indent the answer.")] = False,
    return_value: Annotated[bool, about("Only what QEMU returns, without its frame.")] = False,
    session: SessionArg,
) -> Plain:
    """Run one command of QEMU's monitor.

    It is passed through as it is, and what it does is not looked after.

    For example:

        aiovirt qemu-monitor-command web1 query-status
        aiovirt qemu-monitor-command web1 --pretty '{"execute": "query-block"}'
        aiovirt qemu-monitor-command web1 --hmp info registers
    """
    command, arguments = parse_command(" ".join(cmd), hmp=hmp)
    if not command:
        raise UsageError("qemu-monitor-command needs a command", hint="such as query-status")
    found = await session.domain(domain)
    answer = await found.monitor_command(command, arguments)
    if hmp and isinstance(answer, str):
        text = answer.replace("\r\n", "\n").rstrip("\n")
    else:
        shown = answer if return_value else {"return": answer}
        text = json.dumps(shown, indent=2 if pretty else None, ensure_ascii=False)
    return Plain(text, {"return": answer}, [found.name])
