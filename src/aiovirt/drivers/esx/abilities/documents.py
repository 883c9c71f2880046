"""Configurations of machines as domain XML, and in VMware's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import DatastoreFiles, Vmx, domain_of, vmx_of
from aiovirt.drivers.esx.abilities.listing import EsxListing
from aiovirt.drivers.esx.documents import FORM, newest_hardware, read_vmx
from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.files import datacenter_of, mounts
from aiovirt.errors import ConfigError, PermissionDenied
from aiovirt.interfaces import refuse_flags
from aiovirt.model.domain import DomainKey

if TYPE_CHECKING:
    from aiovirt.model.constants import DomainXMLFlags

__all__ = ["EsxDocuments"]

_XML_FLAGS: Final = 0x1 | 0x2 | 0x8
"""Of `DomainXMLFlags`, what libvirt's driver takes: SECURE, INACTIVE, MIGRATABLE."""

_NOWHERE: Final = "[?]"
"""The folder of a file that nobody has put anywhere."""


class EsxDocuments(EsxListing):
    """What machines are."""

    async def config(
        self,
        domain: DomainKey,
        *,
        inactive: bool = False,
        secure: bool = False,
        flags: DomainXMLFlags | Literal[0] = 0,
    ) -> DomainConfig:
        """See `Definition.config`: what the machine's ``.vmx`` file says, fetched now.

        Raises:
            PermissionDenied: Passwords are wanted through a connection that only reads.
        """
        refuse_flags(DRIVER, "config", flags, _XML_FLAGS)
        if secure and self.session.options.readonly:
            raise PermissionDenied(
                "passwords are not for read-only connections", hint="open it without `readonly`"
            )
        machine = self.session.machines.get(domain)
        document = await read_vmx(self.session, machine)
        config = document.domain(self.session, machine, inactive=inactive)
        return config if secure else DomainConfig.parse(config.to_xml(secure=False))

    async def from_native(self, form: str, text: str) -> DomainConfig:
        """See `Definition.from_native`, of the form ``vmware-vmx``."""
        _check_form(form)
        return domain_of(Vmx.parse(text), self._files(), extended=self.session.extended)

    async def to_native(self, form: str, config: DomainConfig) -> str:
        """See `Definition.to_native`, of the form ``vmware-vmx``."""
        _check_form(form)
        hardware = newest_hardware(self.session)
        return vmx_of(config, self._files(), hardware=hardware).to_text()

    def _files(self) -> DatastoreFiles:
        """What is known of the files of a machine that is nowhere."""
        return DatastoreFiles(_NOWHERE, mounts(self.session, datacenter_of(self.session)))


def _check_form(form: str) -> None:
    if form != FORM:
        raise ConfigError(
            f"the {DRIVER} driver knows no form {form!r}", field="form", hint=f"it is {FORM}"
        )
