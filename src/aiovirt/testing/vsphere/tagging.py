"""The simulated vCenter's tags: categories, tags, and what they are attached to.

It knows the objects, and neither JSON nor HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.rest import RestFaultKind
from aiovirt.protocols.vsphere.rest.tagging import (
    Cardinality,
    CategoryInfo,
    CategorySpec,
    DynamicId,
    TagInfo,
    TagSpec,
)
from aiovirt.testing.vsphere.world import World

__all__ = ["RestRefused", "TagStore"]

_VIM: Final = "urn:vim25:"
"""What may stand before a kind of objects."""

_LONGEST: Final = 256
"""Characters of a name."""


class RestRefused(Exception):
    """The REST API refuses a call.

    Attributes:
        kind: Why.
        message: The server's words.
    """

    def __init__(self, kind: RestFaultKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class TagStore:
    """All categories and tags.

    Args:
        world: The objects that have them.

    Attributes:
        categories: By their identifiers.
        tags: By theirs.
    """

    def __init__(self, world: World) -> None:
        self.categories: dict[str, CategoryInfo] = {}
        self.tags: dict[str, TagInfo] = {}
        self._world = world
        self._attached: dict[str, dict[Ref, None]] = {}

    # --- categories -----------------------------------------------------------------------------

    def category(self, key: str) -> CategoryInfo:
        """A category.

        Raises:
            RestRefused: There is none.
        """
        found = self.categories.get(key)
        if found is None:
            raise _unknown("category", key)
        return found

    def make_category(self, spec: CategorySpec) -> str:
        """Make a category; its identifier.

        Raises:
            RestRefused: The name is none, or taken.
        """
        _check_name(spec.name, (each.name for each in self.categories.values()))
        key = self._key("Category")
        self.categories[key] = CategoryInfo(
            id=key,
            name=spec.name,
            description=spec.description,
            cardinality=spec.cardinality,
            associable_types=spec.associable_types,
        )
        return key

    def delete_category(self, key: str) -> None:
        """Delete a category with its tags.

        Raises:
            RestRefused: There is none.
        """
        self.category(key)
        for tag in self.of_category(key):
            self.delete(tag)
        del self.categories[key]

    def of_category(self, key: str) -> tuple[str, ...]:
        """The identifiers of a category's tags."""
        self.category(key)
        return tuple(tag.id for tag in self.tags.values() if tag.category_id == key)

    # --- tags -----------------------------------------------------------------------------------

    def tag(self, key: str) -> TagInfo:
        """A tag.

        Raises:
            RestRefused: There is none.
        """
        found = self.tags.get(key)
        if found is None:
            raise _unknown("tag", key)
        return found

    def make(self, spec: TagSpec) -> str:
        """Make a tag; its identifier.

        Raises:
            RestRefused: The name is none, or taken in its category; or there is no such category.
        """
        others = (self.tags[key].name for key in self.of_category(spec.category_id))
        _check_name(spec.name, others)
        key = self._key("Tag")
        self.tags[key] = TagInfo(
            id=key, category_id=spec.category_id, name=spec.name, description=spec.description
        )
        self._attached[key] = {}
        return key

    def delete(self, key: str) -> None:
        """Delete a tag; what has it has it no more.

        Raises:
            RestRefused: There is none.
        """
        self.tag(key)
        del self.tags[key], self._attached[key]

    # --- what has them --------------------------------------------------------------------------

    def attach(self, key: str, to: DynamicId) -> None:
        """Attach a tag to an object; nothing happens where it is.

        Raises:
            RestRefused: There is no such tag or object, or its category does not allow it.
        """
        tag = self.tag(key)
        self.check_object(to)
        category = self.category(tag.category_id)
        kinds = {each.removeprefix(_VIM) for each in category.associable_types or ()}
        if kinds and to.type.removeprefix(_VIM) not in kinds:
            raise RestRefused(
                RestFaultKind.INVALID_ARGUMENT,
                f"Tagging associability violation: {category.name} is not for {to.type}",
            )
        others = set(self.of_object(to)) & set(self.of_category(category.id)) - {key}
        if category.cardinality is Cardinality.SINGLE and others:
            raise RestRefused(
                RestFaultKind.INVALID_ARGUMENT,
                f"Tagging cardinality violation: {to.id} has a tag of {category.name}",
            )
        self._attached[key][_ref(to)] = None

    def detach(self, key: str, of: DynamicId) -> None:
        """Detach a tag from an object; nothing happens where it is not there.

        Raises:
            RestRefused: There is no such tag or object.
        """
        self.tag(key)
        self.check_object(of)
        self._attached[key].pop(_ref(of), None)

    def of_object(self, at: DynamicId) -> tuple[str, ...]:
        """The identifiers of an object's tags."""
        ref = _ref(at)
        return tuple(key for key, refs in self._attached.items() if ref in refs)

    def objects(self, key: str) -> tuple[DynamicId, ...]:
        """The objects that have a tag; those that are gone have none.

        Raises:
            RestRefused: There is no such tag.
        """
        self.tag(key)
        return tuple(DynamicId.of(ref) for ref in self._attached[key] if ref in self._world)

    def check_object(self, at: DynamicId) -> None:
        """Refuse what is no object: nobody may read it.

        Raises:
            RestRefused: It is none.
        """
        if _ref(at) not in self._world:
            raise RestRefused(
                RestFaultKind.UNAUTHORIZED, f"System.Read on {at.type} {at.id} is lacking"
            )

    def _key(self, kind: str) -> str:
        return f"urn:vmomi:InventoryService{kind}:{self._world.uuid()}:GLOBAL"


def _ref(at: DynamicId) -> Ref:
    return Ref(at.type.removeprefix(_VIM), at.id)


def _unknown(what: str, key: str) -> RestRefused:
    return RestRefused(RestFaultKind.NOT_FOUND, f"There is no {what} {key}")


def _check_name(name: str, others: Iterable[str]) -> None:
    if not name.strip() or len(name) > _LONGEST:
        raise RestRefused(RestFaultKind.INVALID_ARGUMENT, f"The name {name!r} is none")
    if name in set(others):
        raise RestRefused(RestFaultKind.ALREADY_EXISTS, f"The name {name} is taken")
