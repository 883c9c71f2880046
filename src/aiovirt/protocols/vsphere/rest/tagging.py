"""Tags of vCenter's objects: categories, tags, and what they are attached to.

Source: VMware's reference of ``com.vmware.cis.tagging``.
"""

from __future__ import annotations

from enum import StrEnum
from types import NoneType
from typing import Any, Final

import msgspec

from aiovirt.protocols.vsphere.rest.exchange import RestBody, RestMethod
from aiovirt.protocols.vsphere.values import Ref

__all__ = [
    "ATTACH_TAG",
    "ATTACH_TO_OBJECT",
    "CREATE_CATEGORY",
    "CREATE_TAG",
    "DELETE_CATEGORY",
    "DELETE_TAG",
    "DETACH_TAG",
    "GET_CATEGORY",
    "GET_TAG",
    "LIST_ATTACHED_OBJECTS",
    "LIST_ATTACHED_TAGS",
    "LIST_ATTACHED_TAGS_ON_OBJECTS",
    "LIST_CATEGORIES",
    "LIST_TAGS",
    "LIST_TAGS_FOR_CATEGORY",
    "METHODS",
    "Cardinality",
    "CategoryInfo",
    "CategorySpec",
    "CreateCategory",
    "CreateTag",
    "DynamicId",
    "ManyObjects",
    "ObjectTags",
    "OneObject",
    "TagInfo",
    "TagSpec",
]

_CATEGORY: Final = "/tagging/category"
_TAG: Final = "/tagging/tag"
_ASSOCIATION: Final = "/tagging/tag-association"

ATTACH_TO_OBJECT: Final = "InventoryService.Tagging.ObjectAttachable"
"""What attaching and detaching need on the object, since 7.0; on the tag they need their own."""


class Cardinality(StrEnum):
    """How many tags of a category an object may have."""

    SINGLE = "SINGLE"
    MULTIPLE = "MULTIPLE"


# --- what goes over the wire ----------------------------------------------------------------------


class DynamicId(msgspec.Struct, frozen=True):
    """An object of vCenter.

    Attributes:
        type: Its kind, such as ``VirtualMachine``.
        id: Its identifier, such as ``vm-12``.
    """

    type: str
    id: str

    @property
    def ref(self) -> Ref:
        """The same object as SOAP has it."""
        return Ref(self.type, self.id)

    @classmethod
    def of(cls, ref: Ref) -> DynamicId:
        """An object that SOAP has told of."""
        return cls(ref.kind, ref.value)


class CategorySpec(RestBody, frozen=True):
    """A category that is to be made.

    Attributes:
        name: Its name, which no other has.
        description: What it is for.
        cardinality: How many of its tags an object may have.
        associable_types: The kinds of objects that may have them; none is all.
    """

    name: str
    description: str
    cardinality: Cardinality
    associable_types: tuple[str, ...]


class CreateCategory(RestBody, frozen=True):
    """What `CREATE_CATEGORY` takes."""

    create_spec: CategorySpec


class TagSpec(RestBody, frozen=True):
    """A tag that is to be made; its name is the only such in its category."""

    name: str
    description: str
    category_id: str


class CreateTag(RestBody, frozen=True):
    """What `CREATE_TAG` takes."""

    create_spec: TagSpec


class OneObject(RestBody, frozen=True):
    """What is done is done to this object."""

    object_id: DynamicId


class ManyObjects(RestBody, frozen=True):
    """What is asked is asked of these objects."""

    object_ids: tuple[DynamicId, ...]


class CategoryInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A category; fields as of `CategorySpec`."""

    id: str
    name: str
    description: str = ""
    cardinality: Cardinality = Cardinality.MULTIPLE
    associable_types: tuple[str, ...] | None = None


class TagInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A tag; fields as of `TagSpec`."""

    id: str
    category_id: str
    name: str
    description: str = ""


class ObjectTags(msgspec.Struct, frozen=True, kw_only=True):
    """The identifiers of the tags that an object has."""

    object_id: DynamicId
    tag_ids: tuple[str, ...] | None = None


# --- methods --------------------------------------------------------------------------------------

_Ids = tuple[str, ...]
_NONE: Final[_Ids] = ()


def _privilege(name: str) -> str:
    return f"InventoryService.Tagging.{name}"


LIST_CATEGORIES: Final = RestMethod("category.list", "GET", _CATEGORY, RestBody, _Ids, empty=_NONE)
GET_CATEGORY: Final = RestMethod("category.get", "GET", _CATEGORY, RestBody, CategoryInfo, of=True)
CREATE_CATEGORY: Final = RestMethod(
    "category.create",
    "POST",
    _CATEGORY,
    CreateCategory,
    str,
    changing=True,
    privilege=_privilege("CreateCategory"),
)
DELETE_CATEGORY: Final = RestMethod(
    "category.delete",
    "DELETE",
    _CATEGORY,
    RestBody,
    NoneType,
    of=True,
    changing=True,
    privilege=_privilege("DeleteCategory"),
)
LIST_TAGS: Final = RestMethod("tag.list", "GET", _TAG, RestBody, _Ids, empty=_NONE)
LIST_TAGS_FOR_CATEGORY: Final = RestMethod(
    "tag.list-for-category",
    "POST",
    _TAG,
    RestBody,
    _Ids,
    of=True,
    action="list-tags-for-category",
    empty=_NONE,
)
GET_TAG: Final = RestMethod("tag.get", "GET", _TAG, RestBody, TagInfo, of=True)
CREATE_TAG: Final = RestMethod(
    "tag.create",
    "POST",
    _TAG,
    CreateTag,
    str,
    changing=True,
    privilege=_privilege("CreateTag"),
)
DELETE_TAG: Final = RestMethod(
    "tag.delete",
    "DELETE",
    _TAG,
    RestBody,
    NoneType,
    of=True,
    changing=True,
    privilege=_privilege("DeleteTag"),
)
ATTACH_TAG: Final = RestMethod(
    "tag-association.attach",
    "POST",
    _ASSOCIATION,
    OneObject,
    NoneType,
    of=True,
    action="attach",
    changing=True,
    privilege=_privilege("AttachTag"),
)
DETACH_TAG: Final = RestMethod(
    "tag-association.detach",
    "POST",
    _ASSOCIATION,
    OneObject,
    NoneType,
    of=True,
    action="detach",
    changing=True,
    privilege=_privilege("AttachTag"),
)
LIST_ATTACHED_TAGS: Final = RestMethod(
    "tag-association.list-attached-tags",
    "POST",
    _ASSOCIATION,
    OneObject,
    _Ids,
    action="list-attached-tags",
    empty=_NONE,
)
LIST_ATTACHED_TAGS_ON_OBJECTS: Final = RestMethod(
    "tag-association.list-attached-tags-on-objects",
    "POST",
    _ASSOCIATION,
    ManyObjects,
    tuple[ObjectTags, ...],
    action="list-attached-tags-on-objects",
    empty=(),
)
LIST_ATTACHED_OBJECTS: Final = RestMethod(
    "tag-association.list-attached-objects",
    "POST",
    _ASSOCIATION,
    RestBody,
    tuple[DynamicId, ...],
    of=True,
    action="list-attached-objects",
    empty=(),
)

METHODS: Final[tuple[RestMethod[Any, Any], ...]] = (
    LIST_CATEGORIES,
    GET_CATEGORY,
    CREATE_CATEGORY,
    DELETE_CATEGORY,
    LIST_TAGS,
    LIST_TAGS_FOR_CATEGORY,
    GET_TAG,
    CREATE_TAG,
    DELETE_TAG,
    ATTACH_TAG,
    DETACH_TAG,
    LIST_ATTACHED_TAGS,
    LIST_ATTACHED_TAGS_ON_OBJECTS,
    LIST_ATTACHED_OBJECTS,
)
"""All of them."""
