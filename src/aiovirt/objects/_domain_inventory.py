"""A domain in its server's inventory: copies, templates, folders, attributes, tags, its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from aiovirt.interfaces import Inventory, Tags
from aiovirt.interfaces.inventory import OnPercent
from aiovirt.model.domain import DomainKey
from aiovirt.model.tags import Tag
from aiovirt.objects._handle import Handle

__all__ = ["DomainInventory"]


class DomainInventory(Handle[DomainKey]):
    """The part of `Domain` about what VMware's servers have beyond libvirt's own operations."""

    @property
    def _inventory(self) -> Inventory:
        return self._driver.ability(Inventory)

    async def clone(
        self,
        name: str,
        *,
        folder: str | None = None,
        host: str | None = None,
        datastore: str | None = None,
        linked: bool = False,
        template: bool = False,
        progress: OnPercent | None = None,
    ) -> Self:
        """Copy it with its disks; the copy is off and has a UUID of its own.

        Args:
            name: The copy's name.
            folder: The copy's folder, ``web/staging``; the original's if None.
            host: The copy's host; one that the server chooses if None.
            datastore: Where its files go; where the original's are if None.
            linked: Let its disks only hold what differs from the original's current snapshot.
            template: Make a template.
            progress: Is told how far it is, in hundredths.

        Raises:
            AlreadyExists: There is a domain of that name.

        Cancellation: the copy is given up, and nothing of it stays.
        """
        key = await self._inventory.clone(
            self.key,
            name,
            folder=folder,
            host=host,
            datastore=datastore,
            linked=linked,
            template=template,
            progress=progress,
        )
        return type(self)(self._driver, key)

    async def delete(self) -> None:
        """Remove it with all its files, disks among them; it must be off.

        Raises:
            InvalidState: It is not off.
        """
        await self._inventory.delete(self.key)

    async def relocate(
        self,
        *,
        host: str | None = None,
        datastore: str | None = None,
        progress: OnPercent | None = None,
    ) -> None:
        """Move it to another host, its files to another datastore, or both, while it runs.

        Args:
            host: The host's name, or that of a cluster.
            datastore: The datastore's name.
            progress: Is told how far it is, in hundredths.

        Raises:
            NotFound: There is no such host or datastore.

        Cancellation: the move is given up, and the domain stays where it was.
        """
        await self._inventory.relocate(self.key, host=host, datastore=datastore, progress=progress)

    async def is_template(self) -> bool:
        """Whether it is a template, which never runs and is there to be copied."""
        return await self._inventory.is_template(self.key)

    async def set_template(self, *, template: bool = True) -> None:
        """Make a template of it while it is off, or of a template a domain that can run."""
        await self._inventory.set_template(self.key, template=template)

    async def folder(self) -> str:
        """The folder that it is in, ``web/staging``; empty for the topmost one."""
        return await self._inventory.folder(self.key)

    async def move_to_folder(self, folder: str) -> None:
        """Put it into another folder; those on the way that are missing are made."""
        await self._inventory.move_to_folder(self.key, folder)

    async def attributes(self) -> Mapping[str, str]:
        """Its custom attributes that have a value."""
        return await self._inventory.attributes(self.key)

    async def set_attribute(self, name: str, value: str) -> None:
        """Give a custom attribute a value; an empty one takes it away."""
        await self._inventory.set_attribute(self.key, name, value)

    async def tags(self) -> Sequence[Tag]:
        """Its tags, sorted by category and name; `Connection.tags` is about tags themselves."""
        return await self._driver.ability(Tags).tags_of(self.key)

    async def attach_tag(self, name: str, category: str | None = None) -> None:
        """Attach a tag to it; nothing happens where it has it.

        Args:
            name: The tag's.
            category: That of its category; needed where several have a tag of that name.

        Raises:
            InvalidState: It has another tag of the category, which allows one only.
            ConfigError: The category is not for domains.
        """
        await self._driver.ability(Tags).attach_tag(self.key, name, category)

    async def detach_tag(self, name: str, category: str | None = None) -> None:
        """Detach a tag from it; nothing happens where it has it not."""
        await self._driver.ability(Tags).detach_tag(self.key, name, category)
