"""What kind of server is simulated: its product, its size, what it lacks, who may log in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Literal

__all__ = [
    "ADMINISTRATOR",
    "EVERYTHING",
    "PRODUCTS",
    "READ_ONLY",
    "Account",
    "Product",
    "Settings",
]

EVERYTHING: Final = ("*",)
"""The privileges of an administrator."""

READ_ONLY: Final = ("System.*",)
"""The privileges of the role ReadOnly."""

_ANY: Final = 999

ADMINISTRATOR: Final = "administrator@vsphere.local"


@dataclass(frozen=True, slots=True)
class Account:
    """Who may log in, and what they may do.

    Attributes:
        password: What they show.
        privileges: What they may do, as VMware names it; wildcards are allowed.
    """

    password: str
    privileges: tuple[str, ...] = EVERYTHING

    def may(self, privilege: str) -> bool:
        """Whether they have a privilege; what needs none anybody may do."""
        return not privilege or any(fnmatchcase(privilege, each) for each in self.privileges)


@dataclass(frozen=True, slots=True)
class Product:
    """A version of VMware's products.

    Attributes:
        api: The version of the API.
        release: The version of the product.
        build: Its number.
        hardware: The newest version of virtual hardware that it makes.
    """

    api: str
    release: str
    build: str
    hardware: str


PRODUCTS: Final = {
    product.api: product
    for product in (
        Product("5.5", "5.5.0", "9313066", "vmx-10"),
        Product("6.0", "6.0.0", "14510547", "vmx-11"),
        Product("6.5", "6.5.0", "15259038", "vmx-13"),
        Product("6.7", "6.7.0", "18831133", "vmx-15"),
        Product("7.0", "7.0.3", "20395099", "vmx-19"),
        Product("8.0", "8.0.0", "20519528", "vmx-20"),
    )
}
"""The versions that can be simulated, by their API, the oldest first."""


def _accounts() -> dict[str, Account]:
    return {
        ADMINISTRATOR: Account("secret"),
        "root": Account("secret"),
        "reader": Account("secret", READ_ONLY),
    }


@dataclass(kw_only=True)
class Settings:
    """How the simulated server is.

    Attributes:
        kind: A vCenter, or one host of its own.
        api: The version of the API: one of `PRODUCTS`.
        machines: How many machines there are at the beginning.
        hosts: How many hosts; an ESX is one.
        running: How many of the machines run at the beginning; None is all.
        page_size: Objects of an answer at most, whatever the client takes, or None.
        typed_arrays: Whether elements of arrays tell their type, as real servers let them.
        announced: Whether the stream of updates tells of what VMware says that a server from 5.0 on
            need not tell: changed alarms, and which tasks are recent.
        missing: Methods that the server does not have, by their names; wildcards are allowed.
        read_only_licence: Whether changes are refused, as by an ESX with the free licence.
        idle_s: Seconds after which a session that nobody uses ends; vCenter's default.
        chunk: Bytes of the pieces that answers come in; None sends them with their length.
        accounts: Who may log in.
    """

    kind: Literal["vcenter", "esx"] = "vcenter"
    api: str = "7.0"
    machines: int = 4
    hosts: int = 2
    running: int | None = None
    page_size: int | None = None
    typed_arrays: bool = True
    announced: bool = True
    missing: tuple[str, ...] = ()
    read_only_licence: bool = False
    idle_s: float = 30 * 60.0
    chunk: int | None = 16 * 1024
    accounts: Mapping[str, Account] = field(default_factory=_accounts)

    @property
    def product(self) -> Product:
        """The product that has the API."""
        return PRODUCTS[self.api]

    @property
    def is_vcenter(self) -> bool:
        """Whether it is a vCenter."""
        return self.kind == "vcenter"

    def has(self, since: str) -> bool:
        """Whether the API has what came with a version."""
        numbers = [int(part) for part in since.split(".") if part.isdigit()]
        # A server of a version has its updates as well: 6.7 has what came with 6.7.3.
        return numbers <= [*map(int, self.api.split(".")), *([_ANY] * 3)]

    def lacks(self, method: str) -> bool:
        """Whether a method is missing."""
        return any(fnmatchcase(method, each) for each in self.missing)
