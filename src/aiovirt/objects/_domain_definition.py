"""What a domain is defined as, beside its configuration; and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from aiovirt.errors import NotFound
from aiovirt.interfaces import (
    Definition,
    Lifecycle,
)
from aiovirt.model.domain import DomainKey, LifecycleAction, LifecycleOccasion
from aiovirt.model.flags import flag_set
from aiovirt.objects._handle import Handle

__all__ = ["DomainDefinition"]


class DomainDefinition(Handle[DomainKey]):
    """The part of `Domain` about names, metadata and what is set once."""

    @property
    def _definition(self) -> Definition:
        return self._driver.ability(Definition)

    async def rename(self, name: str) -> None:
        """Give it another name, while it is off; its UUID stays, and this handle is valid.

        Raises:
            InvalidState: It runs, or is transient, or has snapshots.
            AlreadyExists: Another domain has the name.
        """
        await self._definition.rename(self.key, name)
        self.key = DomainKey(self.key.uuid, name)

    async def autostart(self) -> bool:
        """Whether it starts with the host."""
        return await self._definition.autostart(self.key)

    async def set_autostart(self, *, autostart: bool = True, once: bool = False) -> None:
        """Whether it starts with the host.

        Args:
            autostart: Whether it does.
            once: Only the next time.
        """
        if once:
            await self._definition.set_autostart_once(self.key, autostart=autostart)
        else:
            await self._definition.set_autostart(self.key, autostart=autostart)

    async def is_active(self) -> bool:
        """Whether there is a running instance."""
        return await self._definition.is_active(self.key)

    async def is_persistent(self) -> bool:
        """Whether its configuration stays after it stops."""
        return await self._definition.is_persistent(self.key)

    async def is_updated(self) -> bool:
        """Whether its configuration was changed since it was defined or started."""
        return await self._definition.is_updated(self.key)

    async def os_type(self) -> str:
        """How its system is started: ``hvm``, ``linux``, ``exe`` and the like."""
        return await self._definition.os_type(self.key)

    # --- metadata -----------------------------------------------------------------------------

    async def title(self, *, live: bool = False, config: bool = False) -> str | None:
        """Its title, or None."""
        return await self._text("title", live=live, config=config)

    async def description(self, *, live: bool = False, config: bool = False) -> str | None:
        """Its description, or None."""
        return await self._text("description", live=live, config=config)

    async def _text(self, kind: str, *, live: bool, config: bool) -> str | None:
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        try:
            if kind == "title":
                return await self._definition.metadata(self.key, "title", flags=flags)
            return await self._definition.metadata(self.key, "description", flags=flags)
        except NotFound as error:
            if error.libvirt is None or error.libvirt.code != NO_METADATA:
                raise
            return None

    async def set_title(
        self, title: str | None, *, live: bool = False, config: bool = False
    ) -> None:
        """Set its title, one line; None takes it away."""
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        await self._definition.set_metadata(self.key, "title", title, flags=flags)

    async def set_description(
        self, description: str | None, *, live: bool = False, config: bool = False
    ) -> None:
        """Set its description; None takes it away."""
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        await self._definition.set_metadata(self.key, "description", description, flags=flags)

    async def metadata(self, uri: str, *, live: bool = False, config: bool = False) -> str:
        """The element of a namespace within its ``<metadata>``, as XML.

        Raises:
            NotFound: It has none.
        """
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        return await self._definition.metadata(self.key, "element", uri, flags=flags)

    async def set_metadata(
        self,
        uri: str,
        element: str | None,
        *,
        key: str | None = None,
        live: bool = False,
        config: bool = False,
    ) -> None:
        """Set the element of a namespace within its ``<metadata>``.

        Args:
            uri: The namespace.
            element: The element as XML; None takes it out.
            key: The prefix of the namespace.
            live: Of the running instance.
            config: Of the definition.
        """
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        await self._definition.set_metadata(
            self.key, "element", element, key=key, uri=uri, flags=flags
        )

    # --- what becomes of it -------------------------------------------------------------------

    async def inject_nmi(self) -> None:
        """Send the guest a non-maskable interrupt: most systems then write a crash dump."""
        await self._driver.ability(Lifecycle).inject_nmi(self.key)

    async def set_lifecycle_action(
        self,
        occasion: LifecycleOccasion,
        action: LifecycleAction,
        *,
        live: bool = False,
        config: bool = False,
    ) -> None:
        """What happens when the guest powers off, reboots or crashes.

        Args:
            occasion: When.
            action: What happens then; not every action goes with every occasion.
            live: Of the running instance.
            config: Of the definition.
        """
        flags = flag_set("DomainModificationImpact", 0, live=live, config=config)
        await self._driver.ability(Lifecycle).set_lifecycle_action(
            self.key, occasion, action, flags=flags
        )

    async def associate_files(
        self,
        name: str,
        files: Sequence[int],
        *,
        restore_label: bool = False,
        writable: bool = False,
    ) -> None:
        """Hand over open files, for a disk whose source has ``<fdgroup>`` with that name.

        Args:
            name: The group.
            files: Descriptors, which stay yours; they are forgotten when the connection ends.
            restore_label: Put the files' security labels back at the end.
            writable: Label them so that the guest may write.

        Raises:
            Unsupported: Descriptors travel along Unix sockets only.
        """
        flags = flag_set(
            "DomainFDAssociateFlags", 0, seclabel_restore=restore_label, seclabel_writable=writable
        )
        await self._definition.associate_files(self.key, name, files, flags=flags)


NO_METADATA = 80
"""libvirt's `VIR_ERR_NO_DOMAIN_METADATA`."""
