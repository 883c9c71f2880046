"""Tags, as a vCenter has them: words in categories, attached to its objects."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from aiovirt.model.domain import DomainKey

__all__ = ["Tag", "TagCategory", "TaggableKind", "Tagged", "TaggedObject"]


class TaggableKind(StrEnum):
    """The kinds of objects that may have tags."""

    DOMAIN = "domain"
    HOST = "host"
    CLUSTER = "cluster"
    POOL = "pool"
    NETWORK = "network"
    SWITCH = "switch"
    FOLDER = "folder"
    DATACENTER = "datacenter"


@dataclass(frozen=True, slots=True)
class TagCategory:
    """What tags are about: an environment, an owner.

    Attributes:
        name: Its name, which no other has.
        description: What it is for.
        single: Whether an object has one of its tags at most.
        kinds: The kinds of objects that may have its tags, `TaggableKind` among them; none is all.
            Of a kind that is not known here the server's own name stands there.
    """

    name: str
    description: str = ""
    single: bool = False
    kinds: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tag:
    """A word of a category.

    Attributes:
        name: It; no other of the category has the same name.
        category: The category's name.
        description: What it means.
    """

    name: str
    category: str
    description: str = ""

    def __str__(self) -> str:
        """As it is told: ``environment/production``."""
        return f"{self.category}/{self.name}"


@dataclass(frozen=True, slots=True)
class TaggedObject:
    """An object that may have tags.

    Attributes:
        kind: A `TaggableKind`, or the server's own name for another one.
        name: Its name: of a pool the datastore's, of a network the port group's.
        domain: The key, of a domain; needed where several have the name.
    """

    kind: str
    name: str
    domain: DomainKey | None = None


Tagged: TypeAlias = DomainKey | TaggedObject
"""What is meant by who attaches a tag."""
