"""Tags of machines and of what is around them, which a vCenter keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey
from aiovirt.model.tags import Tag, TagCategory, Tagged, TaggedObject

__all__ = ["Tags"]


class Tags(Ability):
    """Categories, their tags, and what these are attached to.

    A tag is meant by its name; its category need be named where several have a tag of that name,
    which ends in a `CallerError` else. Every operation raises `NotFound` for a category, a tag or
    an object that is not there, and `Unsupported` where a server lacks it: tags are vCenter's.
    """

    @operation
    async def categories(self) -> Sequence[TagCategory]:
        """All categories, sorted by name."""
        raise NotImplementedError

    @operation
    async def make_category(self, category: TagCategory) -> None:
        """Make a category.

        Raises:
            AlreadyExists: There is one of that name.
            ConfigError: A kind of objects is none.
        """
        raise NotImplementedError

    @operation
    async def delete_category(self, name: str, *, force: bool = False) -> None:
        """Delete a category.

        Args:
            name: Which.
            force: Although it has tags: they go with it, from all objects that have them.

        Raises:
            InvalidState: It has tags.
        """
        raise NotImplementedError

    @operation
    async def tags(self, category: str | None = None) -> Sequence[Tag]:
        """All tags, or those of a category, sorted by category and name."""
        raise NotImplementedError

    @operation
    async def make_tag(self, tag: Tag) -> None:
        """Make a tag in a category that is there.

        Raises:
            AlreadyExists: There is one of that name in the category.
        """
        raise NotImplementedError

    @operation
    async def delete_tag(
        self, tag: str, category: str | None = None, *, force: bool = False
    ) -> None:
        """Delete a tag.

        Args:
            tag: Which.
            category: Its category.
            force: Although objects have it.

        Raises:
            InvalidState: Objects have it.
        """
        raise NotImplementedError

    @operation
    async def tags_of(self, what: Tagged) -> Sequence[Tag]:
        """The tags of an object, sorted by category and name."""
        raise NotImplementedError

    @operation
    async def tags_of_domains(
        self, domains: Sequence[DomainKey] | None = None
    ) -> Mapping[DomainKey, Sequence[Tag]]:
        """The tags of these domains, or of all: few requests for any number of them.

        Those without tags are there, too; those that are gone are left out.
        """
        raise NotImplementedError

    @operation
    async def attach_tag(self, what: Tagged, tag: str, category: str | None = None) -> None:
        """Attach a tag to an object; nothing happens where it has it.

        Raises:
            InvalidState: The object has another tag of the category, which allows one only.
            ConfigError: The category is not for objects of that kind.
        """
        raise NotImplementedError

    @operation
    async def detach_tag(self, what: Tagged, tag: str, category: str | None = None) -> None:
        """Detach a tag from an object; nothing happens where it has it not."""
        raise NotImplementedError

    @operation
    async def tagged(self, tag: str, category: str | None = None) -> Sequence[TaggedObject]:
        """The objects that have a tag, sorted by kind and name; of domains those of the URI."""
        raise NotImplementedError
