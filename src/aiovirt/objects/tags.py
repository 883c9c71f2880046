"""The tags of a host, as a collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aiovirt.interfaces import Driver
from aiovirt.interfaces import Tags as Ability
from aiovirt.model.tags import Tag, TagCategory, TaggableKind, TaggedObject
from aiovirt.objects.domain import Domain

__all__ = ["Tags"]


class Tags:
    """`host.tags`: words in categories, attached to domains and to what is around them.

    A tag is meant by its name; its category need be named where several have a tag of that name,
    which ends in a `CallerError` else.  VMware's vCenter has tags.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def _tags(self) -> Ability:
        return self._driver.ability(Ability)

    # --- categories -----------------------------------------------------------------------------

    async def categories(self) -> Sequence[TagCategory]:
        """All categories, sorted by name."""
        return await self._tags.categories()

    async def make_category(
        self,
        name: str,
        *,
        description: str = "",
        single: bool = False,
        kinds: Iterable[TaggableKind | str] = (),
    ) -> TagCategory:
        """Make a category.

        Args:
            name: Its name, which no other has.
            description: What it is for.
            single: Whether an object has one of its tags at most.
            kinds: The kinds of objects that may have its tags; none is all.

        Raises:
            AlreadyExists: There is one of that name.
            ConfigError: A kind is none.
        """
        made = TagCategory(name, description, single, frozenset(map(str, kinds)))
        await self._tags.make_category(made)
        return made

    async def delete_category(self, name: str, *, force: bool = False) -> None:
        """Delete a category.

        Args:
            name: Which.
            force: Although it has tags: they go with it, from all objects that have them.

        Raises:
            NotFound: There is none.
            InvalidState: It has tags.
        """
        await self._tags.delete_category(name, force=force)

    # --- tags -----------------------------------------------------------------------------------

    async def list(self, category: str | None = None) -> Sequence[Tag]:
        """All tags, or those of a category, sorted by category and name."""
        return await self._tags.tags(category)

    async def make(self, name: str, category: str, *, description: str = "") -> Tag:
        """Make a tag in a category that is there.

        Args:
            name: Its name, which no other of the category has.
            category: The category's name.
            description: What it means.

        Raises:
            AlreadyExists: There is one of that name in the category.
            NotFound: There is no such category.
        """
        made = Tag(name, category, description)
        await self._tags.make_tag(made)
        return made

    async def delete(self, name: str, category: str | None = None, *, force: bool = False) -> None:
        """Delete a tag.

        Args:
            name: Which.
            category: Its category.
            force: Although objects have it.

        Raises:
            NotFound: There is none.
            InvalidState: Objects have it.
        """
        await self._tags.delete_tag(name, category, force=force)

    # --- what has them --------------------------------------------------------------------------

    async def domains(self, tag: str, category: str | None = None) -> Sequence[Domain]:
        """The domains that have a tag, sorted by name."""
        found = await self._tags.tagged(tag, category)
        return [Domain(self._driver, each.domain) for each in found if each.domain is not None]

    async def objects(self, tag: str, category: str | None = None) -> Sequence[TaggedObject]:
        """All objects that have a tag, sorted by kind and name."""
        return await self._tags.tagged(tag, category)

    async def of_domains(
        self, domains: Iterable[Domain] | None = None
    ) -> Mapping[Domain, Sequence[Tag]]:
        """The tags of these domains, or of all: few requests for any number of them.

        Those without tags are there, too; those that are gone are left out.
        """
        keys = None if domains is None else [each.key for each in domains]
        found = await self._tags.tags_of_domains(keys)
        return {Domain(self._driver, key): tags for key, tags in found.items()}

    async def of(self, kind: TaggableKind | str, name: str) -> Sequence[Tag]:
        """The tags of an object that is no domain; those have `Domain.tags`.

        Args:
            kind: What it is.
            name: Its name: of a pool the datastore's, of a network the port group's.

        Raises:
            NotFound: It is not there; the hint names what is.
        """
        return await self._tags.tags_of(TaggedObject(kind, name))

    async def attach(
        self, tag: str, kind: TaggableKind | str, name: str, *, category: str | None = None
    ) -> None:
        """Attach a tag to an object that is no domain; nothing happens where it has it.

        Args:
            tag: Which.
            kind: What the object is.
            name: Its name, as `of` has it.
            category: The tag's category.

        Raises:
            InvalidState: The object has another tag of the category, which allows one only.
            ConfigError: The category is not for objects of that kind.
        """
        await self._tags.attach_tag(TaggedObject(kind, name), tag, category)

    async def detach(
        self, tag: str, kind: TaggableKind | str, name: str, *, category: str | None = None
    ) -> None:
        """Detach a tag from an object that is no domain; arguments as `attach`."""
        await self._tags.detach_tag(TaggedObject(kind, name), tag, category)
