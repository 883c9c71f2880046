"""Verbs about tags: their categories, themselves, and what they are attached to."""

from __future__ import annotations

from typing import Annotated

from aiovirt.cli.arguments import SessionArg, about
from aiovirt.cli.results import Column, Plain, Row, Rows
from aiovirt.model.tags import Tag, TaggableKind

__all__ = [
    "tag_attach",
    "tag_category_create",
    "tag_category_delete",
    "tag_category_list",
    "tag_create",
    "tag_delete",
    "tag_detach",
    "tag_find",
    "tag_list",
    "tag_show",
]

ObjectArg = Annotated[str, about("A domain: name, UUID or id; else what --kind says.")]
KindArg = Annotated[TaggableKind, about("What it is; of a network the port group is meant.")]
TagArg = Annotated[str, about("The tag's name.")]
CategoryArg = Annotated[
    str | None, about("Its category; needed where several have a tag of that name.")
]
ForceArg = Annotated[bool, about("Although it is in use: it goes, from all that have it.")]
DescriptionArg = Annotated[str, about("What it is for.")]


# --- categories -----------------------------------------------------------------------------------


def _words(row: Row) -> str:
    kinds = row["kinds"]
    return ", ".join(kinds) if isinstance(kinds, list) and kinds else "all"


_CATEGORIES = [
    Column("name", "Name"),
    Column("single", "Tags", show=lambda row: "one" if row["single"] else "any"),
    Column("kinds", "For", show=_words),
    Column("description", "Description"),
]


async def tag_category_list(*, session: SessionArg) -> Rows:
    """List the categories of tags: how many of its tags an object may have, and which objects.

    For example:

        aiovirt tag-category-list
    """
    found = await session.host.tags.categories()
    rows = [
        {
            "name": each.name,
            "single": each.single,
            "kinds": sorted(each.kinds),
            "description": each.description,
        }
        for each in found
    ]
    return Rows(_CATEGORIES, rows)


async def tag_category_create(
    name: Annotated[str, about("Its name.")],
    *,
    single: Annotated[bool, about("An object has one of its tags at most.")] = False,
    kind: Annotated[
        list[TaggableKind] | None, about("Of which objects it is; may be repeated.")
    ] = None,
    description: DescriptionArg = "",
    session: SessionArg,
) -> Plain:
    """Make a category of tags.

    For example:

        aiovirt tag-category-create environment --single --kind domain
    """
    await session.host.tags.make_category(
        name, description=description, single=single, kinds=kind or ()
    )
    return _done(name, "created", f"Category '{name}' created")


async def tag_category_delete(
    name: Annotated[str, about("Which.")], *, force: ForceArg = False, session: SessionArg
) -> Plain:
    """Delete a category of tags.

    For example:

        aiovirt tag-category-delete environment
    """
    await session.host.tags.delete_category(name, force=force)
    return _done(name, "deleted", f"Category '{name}' deleted")


# --- tags -----------------------------------------------------------------------------------------

_TAGS = [
    Column("name", "Name"),
    Column("category", "Category"),
    Column("description", "Description"),
]


def _row(tag: Tag) -> Row:
    return {"name": tag.name, "category": tag.category, "description": tag.description}


async def tag_list(
    *,
    category: Annotated[str | None, about("Those of this category only.")] = None,
    session: SessionArg,
) -> Rows:
    """List tags.

    For example:

        aiovirt tag-list --category environment
    """
    return Rows(_TAGS, [_row(each) for each in await session.host.tags.list(category)])


async def tag_create(
    name: Annotated[str, about("Its name.")],
    category: Annotated[str, about("The category that it belongs to.")],
    *,
    description: DescriptionArg = "",
    session: SessionArg,
) -> Plain:
    """Make a tag.

    For example:

        aiovirt tag-create production environment
    """
    made = await session.host.tags.make(name, category, description=description)
    return _done(name, "created", f"Tag '{made}' created")


async def tag_delete(
    name: TagArg, *, category: CategoryArg = None, force: ForceArg = False, session: SessionArg
) -> Plain:
    """Delete a tag.

    For example:

        aiovirt tag-delete production
    """
    await session.host.tags.delete(name, category, force=force)
    return _done(name, "deleted", f"Tag '{name}' deleted")


# --- what has them --------------------------------------------------------------------------------


async def tag_show(
    name: ObjectArg, *, kind: KindArg = TaggableKind.DOMAIN, session: SessionArg
) -> Rows:
    """List the tags of a domain, or of another object.

    For example:

        aiovirt tag-show web1
        aiovirt tag-show datastore1 --kind pool
    """
    if kind is TaggableKind.DOMAIN:
        found = await (await session.domain(name)).tags()
    else:
        found = await session.host.tags.of(kind, name)
    return Rows(_TAGS, [_row(each) for each in found])


_OBJECTS = [Column("name", "Name"), Column("kind", "Kind")]


async def tag_find(tag: TagArg, *, category: CategoryArg = None, session: SessionArg) -> Rows:
    """List what has a tag: domains, hosts, pools and others.

    For example:

        aiovirt tag-find production
    """
    found = await session.host.tags.objects(tag, category)
    rows = [
        {
            "name": each.name,
            "kind": str(each.kind),
            "uuid": None if each.domain is None else str(each.domain.uuid),
        }
        for each in found
    ]
    return Rows(_OBJECTS, rows)


async def tag_attach(
    name: ObjectArg,
    tag: TagArg,
    *,
    kind: KindArg = TaggableKind.DOMAIN,
    category: CategoryArg = None,
    session: SessionArg,
) -> Plain:
    """Attach a tag to a domain, or to another object.

    For example:

        aiovirt tag-attach web1 production
        aiovirt tag-attach esx1.example.org maintained --kind host
    """
    if kind is TaggableKind.DOMAIN:
        await (await session.domain(name)).attach_tag(tag, category)
    else:
        await session.host.tags.attach(tag, kind, name, category=category)
    return _done(name, "attached", f"Tag '{tag}' attached to {kind} '{name}'", tag=tag)


async def tag_detach(
    name: ObjectArg,
    tag: TagArg,
    *,
    kind: KindArg = TaggableKind.DOMAIN,
    category: CategoryArg = None,
    session: SessionArg,
) -> Plain:
    """Detach a tag from a domain, or from another object.

    For example:

        aiovirt tag-detach web1 production
    """
    if kind is TaggableKind.DOMAIN:
        await (await session.domain(name)).detach_tag(tag, category)
    else:
        await session.host.tags.detach(tag, kind, name, category=category)
    return _done(name, "detached", f"Tag '{tag}' detached from {kind} '{name}'", tag=tag)


def _done(name: str, result: str, sentence: str, **more: str) -> Plain:
    return Plain(sentence, {"name": name, "result": result, **more}, [name], chatter=True)
