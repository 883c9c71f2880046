"""What the host is and can do."""

from __future__ import annotations

from aiovirt.interfaces.ability import Ability, operation

__all__ = ["HostInfo"]


class HostInfo(Ability):
    """Questions to the host; documents are libvirt's XML."""

    @operation
    async def hostname(self) -> str:
        """The host's name."""
        raise NotImplementedError

    @operation
    async def version(self) -> str:
        """The hypervisor's name and version, such as ``QEMU 7.2.22``.

        Raises:
            ExecutableNotFound: There is no hypervisor; the hint names the package.
        """
        raise NotImplementedError

    @operation
    async def capabilities(self) -> str:
        """libvirt's capabilities document of the host."""
        raise NotImplementedError

    @operation
    async def domain_capabilities(
        self,
        *,
        emulator: str | None = None,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
    ) -> str:
        """libvirt's domain capabilities document of one emulator and machine type.

        Raises:
            ConfigError: The host has no such emulator, architecture, machine or type.
        """
        raise NotImplementedError
