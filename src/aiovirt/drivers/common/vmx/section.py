"""`Section`: the keys of one device (``scsi0:1.…``) or of the machine, read and written as values.

Every error names the key, and the line where it stands.  What a device is, is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeVar
from uuid import UUID

from aiovirt.drivers.common.vmx.escapes import printable
from aiovirt.drivers.common.vmx.text import Vmx
from aiovirt.errors import ConfigError
from aiovirt.model.mac import MacAddress

__all__ = ["UNLIMITED", "Section", "present", "uuid_text"]

T = TypeVar("T")

UNLIMITED = -1
"""The number that ``unlimited`` reads as."""

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,19}")
_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1", "t", "y"), True),
    **dict.fromkeys(("false", "no", "off", "0", "f", "n"), False),
}
_UUID = re.compile(r"[0-9a-fA-F]{32}")
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class Section:
    """The keys that begin with a prefix.

    Attributes:
        vmx: The file.
        prefix: ``ethernet0``; empty for the machine's own keys.
    """

    vmx: Vmx
    prefix: str = ""

    def key(self, name: str) -> str:
        """The whole key of a name."""
        return f"{self.prefix}.{name}" if self.prefix else name

    def text(self, name: str) -> str | None:
        """The text, without what XML cannot carry; None where the key is not there.

        Raises:
            ConfigError: It has an escape in it that means nothing.
        """
        found = self.vmx.get(self.key(name))
        return None if found is None else printable(found)

    def word(self, name: str) -> str | None:
        """The text in small letters: VMware does not tell them apart in words of its own."""
        found = self.text(name)
        return None if found is None else found.lower()

    def needed(self, name: str) -> str:
        """The text of a key that must be there.

        Raises:
            ConfigError: It is not.
        """
        found = self.text(name)
        if found is None:
            self.refuse(name, "the entry is missing", hint="Without it the file is incomplete.")
        return found

    def switch(self, name: str, *, default: bool = False) -> bool:
        """Whether a switch is on.

        Raises:
            ConfigError: It is neither on nor off.
        """
        found = self.word(name)
        if found is None:
            return default
        if found not in _SWITCHES:
            self.refuse_value(name, found, "TRUE or FALSE")
        return _SWITCHES[found]

    def number(self, name: str, default: int, *, low: int = -_INT64, high: int = _INT64 - 1) -> int:
        """A whole number; ``unlimited`` is `UNLIMITED`, where that may be.

        Raises:
            ConfigError: It is none, or below `low` or above `high`.
        """
        found = self.word(name)
        if found is None:
            return default
        said = str(UNLIMITED) if found == "unlimited" else found
        value = int(said) if _INTEGER.fullmatch(said) else None
        if value is None or not low <= value <= high:
            self.refuse_value(name, found, _range(low, high))
        return value

    def choice(self, name: str, table: Mapping[str, T]) -> T | None:
        """What a table says of the word; None where the key is not there.

        Raises:
            ConfigError: The table does not have the word.
        """
        found = self.word(name)
        if found is None:
            return None
        if found not in table:
            self.refuse_value(name, found, "one of " + ", ".join(map(repr, table)))
        return table[found]

    def uuid(self, name: str) -> UUID | None:
        """A UUID: 16 bytes in hexadecimal digits, with blanks and a dash between them.

        Raises:
            ConfigError: It is none.
        """
        found = self.text(name)
        if found is None:
            return None
        digits = found.replace(" ", "").replace("-", "")
        if _UUID.fullmatch(digits) is None:
            self.refuse_value(name, found, "16 bytes in hexadecimal digits")
        return UUID(digits)

    def mac(self, name: str) -> MacAddress | None:
        """A MAC address of one card.

        Raises:
            ConfigError: It is none.
        """
        found = self.text(name)
        if found is None:
            return None
        try:
            address = MacAddress.parse(found)
        except ConfigError as error:
            self.refuse(name, str(error), hint=error.hint, cause=error)
        if address.is_multicast:
            self.refuse_value(name, found, "the address of one card, not of a group")
        return address

    def say(self, **values: str | int | bool | None) -> None:
        """Write values by their names, with ``_`` for a dot in them; None writes nothing."""
        for name, value in values.items():
            if value is not None:
                self.put(name.replace("_", "."), value)

    def put(self, name: str, value: str | int | bool) -> None:  # noqa: FBT001 - it is the value
        """Write one value."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        self.vmx.set(self.key(name), text)

    def refuse_value(self, name: str, value: str, expected: str) -> NoReturn:
        """Say that the value of a key cannot be.

        Raises:
            ConfigError: Always.
        """
        self.refuse(name, f"the value cannot be {value!r} (expected {expected})")

    def refuse(
        self, name: str, message: str, *, hint: str | None = None, cause: Exception | None = None
    ) -> NoReturn:
        """Say what is wrong with a key.

        Raises:
            ConfigError: Always.
        """
        self.vmx.refuse(self.key(name), message, hint=hint, cause=cause)


def _range(low: int, high: int) -> str:
    if low <= -_INT64:
        return "a whole number" if high >= _INT64 - 1 else f"a number, at most {high}"
    return f"a number, at least {low}" if high >= _INT64 - 1 else f"a number, {low} to {high}"


def present(vmx: Vmx, family: str) -> Iterator[tuple[int, Section]]:
    """The sections of a family, such as all ``ethernet`` cards, that are there, by their numbers.

    Raises:
        ConfigError: It cannot be told of one whether it is there.
    """
    pattern = re.compile(rf"{family}([0-9]{{1,4}})\.", re.IGNORECASE)
    for number in sorted({int(found[1]) for key in vmx if (found := pattern.match(key))}):
        section = Section(vmx, f"{family}{number}")
        if section.switch("present"):
            yield number, section


def uuid_text(uuid: UUID) -> str:
    """A UUID as VMware writes it: 56 4d 9b ef ac d9 b4 e0-c8 f0 ae a8 b9 10 35 15."""
    pairs = [uuid.hex[at : at + 2] for at in range(0, 32, 2)]
    return f"{' '.join(pairs[:8])}-{' '.join(pairs[8:])}"
