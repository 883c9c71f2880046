"""A host by its commands, with typed answers: ``vim-cmd``, ``esxcli``, ``vmkfstools``, its shell.

It knows what commands there are and how they say no, and nothing of domains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiovirt.drivers.esxssh.failures import fault_in, refusal
from aiovirt.drivers.esxssh.link import CHANGE_S, QUERY_S, EsxLink, Output
from aiovirt.errors import CallerError, ConfigError
from aiovirt.protocols.esxcli import (
    VimObject,
    VimValue,
    command_line,
    find_vim,
    parse_csv,
    parse_keyvalue,
)

__all__ = ["EsxHost"]


class EsxHost:
    """The commands of one host.

    Attributes:
        link: The connection to it.
        where: The host, for messages.
        product: What it is, as ``VMware ESXi 8.0.2 build-22380479``.
    """

    def __init__(self, link: EsxLink, product: str = "VMware ESXi") -> None:
        self.link = link
        self.product = product

    @property
    def where(self) -> str:
        """The host, for messages."""
        return self.link.where

    async def run(
        self, words: Sequence[str], what: str, *, bound_s: float = CHANGE_S, data: bytes = b""
    ) -> Output:
        """Run a program of the host; see `checked`.

        Args:
            words: Its name and its arguments, which may hold anything but zero bytes.
            what: What it does, for messages: ``start domain 'web1'``.
            bound_s: Seconds that it may take.
            data: Its input.

        Raises:
            AiovirtError: It failed; the host's own words are in the text.
        """
        try:
            line = command_line(words)
        except ValueError as error:
            raise CallerError(f"cannot {what}: {error}") from error
        return self.checked(await self.link.run(line, what, bound_s=bound_s, data=data), what)

    def checked(self, output: Output, what: str) -> Output:
        """The same output, of a command that did what it was to do.

        Raises:
            AiovirtError: It failed.
        """
        if output.status or fault_in(output.text) is not None:
            raise refusal(output, f"{self.where} did not {what}")
        return output

    async def script(self, script: str, what: str, *, bound_s: float = QUERY_S) -> str:
        """Run some lines of the host's shell; what they print. Raises as `run`."""
        return self.checked(await self.link.run(script, what, bound_s=bound_s), what).text

    async def vim(
        self, command: str, *words: str, what: str, bound_s: float = CHANGE_S
    ) -> tuple[VimValue, ...]:
        """Run a command of ``vim-cmd``; the objects that it prints.

        Args:
            command: Such as ``vmsvc/power.on``.
            words: Its arguments.
            what: What it does, for messages.
            bound_s: Seconds that it may take.

        Raises:
            AiovirtError: As `run`.
        """
        # A word that begins with a dash is an option but behind the mark of their end.
        dashes = ["--"] if any(word.startswith("-") for word in words) else []
        output = await self.run(["vim-cmd", command, *dashes, *words], what, bound_s=bound_s)
        return find_vim(output.text)

    async def look(self, command: str, *words: str, what: str) -> VimObject:
        """Run a command of ``vim-cmd`` that prints one object.

        Raises:
            ConfigError: The host has no such object to show.
            AiovirtError: As `run`.
        """
        found = await self.vim(command, *words, what=what, bound_s=QUERY_S)
        for each in found:
            if isinstance(each, VimObject):
                return each
        raise ConfigError(f"{self.where} did not {what}: vim-cmd {command} printed nothing")

    async def table(self, *words: str, what: str) -> list[Mapping[str, str]]:
        """Run a command of ``esxcli`` that prints a list. Raises as `run`."""
        line = ["esxcli", "--formatter=csv", *words]
        return parse_csv((await self.run(line, what, bound_s=QUERY_S)).text)

    async def fields(self, *words: str, what: str) -> Mapping[str, str]:
        """Run a command of ``esxcli`` that prints one structure. Raises as `run`."""
        line = ["esxcli", "--formatter=keyvalue", *words]
        return parse_keyvalue((await self.run(line, what, bound_s=QUERY_S)).text)

    async def esxcli(self, *words: str, what: str) -> None:
        """Run a command of ``esxcli`` that changes something. Raises as `run`."""
        await self.run(["esxcli", *words], what)
