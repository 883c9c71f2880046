"""Verbs about secrets. A value comes from a file, a pipe or a prompt, and goes where it is sent."""

from __future__ import annotations

import base64
import binascii
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from cyclopts import Parameter

from aiovirt.cli import terminal
from aiovirt.cli.arguments import ContextArg, FileArg, SessionArg, about
from aiovirt.cli.documents import read_document
from aiovirt.cli.failures import UsageError
from aiovirt.cli.results import Column, Plain, Row, Rows
from aiovirt.cli.session import Session
from aiovirt.errors import NotFound
from aiovirt.model.credentials import SecretBytes

if TYPE_CHECKING:
    from aiovirt.objects import Secret

__all__ = [
    "secret_define",
    "secret_dumpxml",
    "secret_get_value",
    "secret_list",
    "secret_set_value",
    "secret_undefine",
]

SecretArg = Annotated[str, about("Its UUID.")]

_logger = logging.getLogger(__name__)


class SecretRows(Rows):
    """Secrets, which are named by their UUIDs."""

    @property
    def names(self) -> list[str]:
        """What ``-o name`` gives."""
        return [str(row["uuid"]) for row in self.rows]


async def _find(session: Session, text: str) -> Secret:
    """The secret of that UUID.

    Raises:
        NotFound: There is none.
        UsageError: It is no UUID.
    """
    try:
        uuid = UUID(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no UUID", hint="aiovirt secret-list shows those there are"
        ) from None
    try:
        return await session.host.secrets.get(uuid)
    except NotFound as error:
        raise NotFound(
            str(error), hint=error.hint or "aiovirt secret-list shows what there is"
        ) from error


def _done(secret: Secret, result: str, sentence: str) -> Plain:
    data = {"uuid": str(secret.uuid), "result": result}
    return Plain(sentence, data, [str(secret.uuid)], chatter=True)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class SecretChoice:
    """Which secrets; all when nothing is said."""

    ephemeral: Annotated[bool, about("Those that are kept in memory only.")] = False
    no_ephemeral: Annotated[bool, about("Those that are not.")] = False
    private: Annotated[bool, about("Those whose value is shown to nobody.")] = False
    no_private: Annotated[bool, about("Those whose value is shown.")] = False


def _either(yes: bool, no: bool) -> bool | None:  # noqa: FBT001 - two options of a pair
    """Which of a pair of options was given; None for both and for neither."""
    return None if yes is no else yes


def _usage(row: Row) -> str:
    return "Unused" if row["usage"] == "none" else f"{row['usage']} {row['usage_name']}"


async def secret_list(*, choice: SecretChoice = SecretChoice(), session: SessionArg) -> Rows:
    """List the secrets of the host.

    For example:

        aiovirt secret-list
        aiovirt secret-list --private -o json
    """
    secrets = await session.host.secrets.list(
        ephemeral=_either(choice.ephemeral, choice.no_ephemeral),
        private=_either(choice.private, choice.no_private),
    )
    columns = [Column("uuid", "UUID"), Column("usage", "Usage", show=_usage)]
    rows = [
        {"uuid": str(each.uuid), "usage": each.usage, "usage_name": each.usage_name}
        for each in secrets
    ]
    return SecretRows(columns, rows)


async def secret_define(
    file: FileArg,
    *,
    validate: Annotated[bool, about("Let libvirt check it against its grammar.")] = False,
    context: ContextArg,
) -> Plain:
    """Define a secret from an XML file; its value is set apart.

    For example:

        aiovirt secret-define disk.xml
    """
    document = await read_document(file)
    async with context.connect() as session:
        made = await session.host.secrets.define(document, validate=validate)
    return _done(made, "defined", f"Secret {made.uuid} created")


async def secret_dumpxml(secret: SecretArg, *, session: SessionArg) -> Plain:
    """Print what is known of a secret as XML, without its value.

    For example:

        aiovirt secret-dumpxml 55806c7d-8e93-456f-829b-607d8c198367
    """
    found = await _find(session, secret)
    xml = await found.xml()
    return Plain(xml.rstrip("\n"), {"uuid": str(found.uuid), "xml": xml}, [str(found.uuid)])


async def secret_set_value(
    secret: SecretArg,
    *,
    file: Annotated[
        Path | None, Parameter(help="A file with it; - is stdin.", allow_leading_hyphen=True)
    ] = None,
    plain: Annotated[bool, about("The file has it as it is, not in base64.")] = False,
    interactive: Annotated[bool, about("Ask for it on the terminal.")] = False,
    encoded: Annotated[
        str | None, Parameter(name="--base64", help="It, in base64: anybody can see that.")
    ] = None,
    context: ContextArg,
) -> Plain:
    """Set the value of a secret, from a file, standard input or the terminal.

    For example:

        aiovirt secret-set-value 55806c7d-8e93-456f-829b-607d8c198367 --interactive
        aiovirt secret-set-value 55806c7d-8e93-456f-829b-607d8c198367 --file key --plain
    """
    if sum((file is not None, interactive, encoded is not None)) > 1:
        raise UsageError("the value comes from one of --file, --interactive and --base64")
    if encoded is not None:
        _logger.warning("a secret on the command line can be seen by everybody on this machine")
        value = _decoded(encoded.encode())
    elif interactive or (file is None and sys.stdin.isatty()):
        value = await _asked()
    else:
        data = await read_document(file or Path("-"))
        value = SecretBytes(data) if plain else _decoded(data)
    async with context.connect() as session:
        found = await _find(session, secret)
        await found.set_value(value)
    return _done(found, "set", "Secret value set")


def _decoded(data: bytes) -> SecretBytes:
    """A value out of base64, with line ends or without."""
    try:
        return SecretBytes(base64.b64decode(b"".join(data.split()), validate=True))
    except binascii.Error:
        raise UsageError(
            "the value is not base64", hint="--plain takes it as it is in the file"
        ) from None


async def _asked() -> SecretBytes:
    """What is typed on the terminal, which does not show it."""
    if not sys.stdin.isatty():
        raise UsageError("standard input is no terminal to ask on", hint="use --file")
    answer = await terminal.ask(
        b"Enter new value for secret: ",
        source=sys.stdin.fileno(),
        target=sys.stderr.fileno(),
        seen=False,
    )
    return SecretBytes(answer or b"")


async def secret_get_value(
    secret: SecretArg,
    *,
    plain: Annotated[bool, about("As it is, not in base64.")] = False,
    session: SessionArg,
) -> Plain | None:
    """Print the value of a secret, in base64.

    For example:

        aiovirt secret-get-value 55806c7d-8e93-456f-829b-607d8c198367
        aiovirt secret-get-value 55806c7d-8e93-456f-829b-607d8c198367 --plain > key
    """
    found = await _find(session, secret)
    value = (await found.value()).reveal()
    if plain:
        await terminal.write(sys.stdout.fileno(), value)
        return None
    text = base64.b64encode(value).decode()
    return Plain(text, {"uuid": str(found.uuid), "base64": text}, [text])


async def secret_undefine(secret: SecretArg, *, session: SessionArg) -> Plain:
    """Remove a secret with its value.

    For example:

        aiovirt secret-undefine 55806c7d-8e93-456f-829b-607d8c198367
    """
    found = await _find(session, secret)
    await found.undefine()
    return _done(found, "undefined", f"Secret {found.uuid} deleted")
