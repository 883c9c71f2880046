"""What the host is and can do."""

from __future__ import annotations

from collections.abc import Mapping

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.host import SecurityModel
from aiovirt.model.params import ParamValue, TypedParams

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

    @operation
    async def driver_type(self) -> str:
        """The name of the driver at the far end, such as ``QEMU``."""
        raise NotImplementedError

    @operation
    async def library_version(self) -> tuple[int, int, int]:
        """The version of libvirt at the far end, such as ``(9, 0, 0)``."""
        raise NotImplementedError

    @operation
    async def canonical_uri(self) -> str:
        """The URI that the connection has at the far end, such as ``qemu:///system``."""
        raise NotImplementedError

    @operation
    async def is_secure(self) -> bool:
        """Whether nobody else can read the connection: it is local or encrypted."""
        raise NotImplementedError

    @operation
    async def sysinfo(self) -> str:
        """The host's SMBIOS tables, as libvirt's XML.

        Raises:
            ConfigError: The host has none: libvirt puts it so.
        """
        raise NotImplementedError

    @operation
    async def max_vcpus(self, *, virt_type: str | None = None) -> int:
        """How many virtual processors a guest may have at most.

        Args:
            virt_type: Of which kind of guest, such as ``kvm``; None for the driver's own.
        """
        raise NotImplementedError

    @operation
    async def security_model(self) -> SecurityModel:
        """How guests are kept apart from each other."""
        raise NotImplementedError

    @operation
    async def sev_info(self) -> Mapping[str, ParamValue]:
        """What the host has of AMD's encrypted guests: certificates, how many guests, ….

        Raises:
            Unsupported: It has nothing of it.
        """
        raise NotImplementedError

    @operation
    async def set_identity(self, identity: TypedParams) -> None:
        """Let the daemon take this connection for somebody else's, for good.

        Args:
            identity: libvirt's ``user-name``, ``unix-user-id``, ``selinux-context``, ….

        Raises:
            PermissionDenied: We are not its user.
        """
        raise NotImplementedError
