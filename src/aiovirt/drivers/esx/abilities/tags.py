"""Tags of machines and of what is around them, which a vCenter keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aiovirt.drivers.esx.faults import DRIVER
from aiovirt.drivers.esx.session import EsxAbility, Session
from aiovirt.drivers.esx.tagged import kinds_of, object_of, ref_of, types_of
from aiovirt.drivers.esx.tagging import Tagging, by_name
from aiovirt.errors import AiovirtError, ConfigError, InvalidState, Unsupported
from aiovirt.interfaces import Tags
from aiovirt.model.domain import DomainKey
from aiovirt.model.tags import Tag, TagCategory, Tagged, TaggedObject
from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.rest import tagging as t

__all__ = ["EsxTags"]

_AT_ONCE: Final = 1000
"""Machines whose tags are asked for in one request."""


class EsxTags(EsxAbility, Tags):
    """See `Tags`. SOAP has none of it: it is done by the REST API of a vCenter."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._known = Tagging(session)

    @property
    def _tagging(self) -> Tagging:
        if not self.session.is_vcenter:
            reason = "tags need a vCenter, an ESX host has none: open it by vpx://"
            raise Unsupported(DRIVER, "tags", reason)
        return self._known

    # --- categories and tags --------------------------------------------------------------------

    async def categories(self) -> Sequence[TagCategory]:
        """See `Tags.categories`."""
        found = map(_category, await self._tagging.categories())
        return sorted(found, key=lambda each: each.name)

    async def make_category(self, category: TagCategory) -> None:
        """See `Tags.make_category`."""
        single = t.Cardinality.SINGLE if category.single else t.Cardinality.MULTIPLE
        spec = t.CategorySpec(
            name=category.name,
            description=category.description,
            cardinality=single,
            associable_types=types_of(category.kinds),
        )
        what = f"make the category of tags {category.name!r}"
        await self._tagging.call(t.CREATE_CATEGORY, t.CreateCategory(create_spec=spec), what=what)

    async def delete_category(self, name: str, *, force: bool = False) -> None:
        """See `Tags.delete_category`."""
        tagging = self._tagging
        found = await tagging.category(name)
        what = f"delete the category of tags {name!r}"
        if not force:
            tags = await tagging.call(t.LIST_TAGS_FOR_CATEGORY, of=found.id, what=what)
            if tags:
                raise self._in_use(what, f"{len(tags)} of its tags are there")
        await tagging.call(t.DELETE_CATEGORY, of=found.id, what=what)

    async def tags(self, category: str | None = None) -> Sequence[Tag]:
        """See `Tags.tags`."""
        tagging = self._tagging
        return await tagging.tags(await tagging.infos(category))

    async def make_tag(self, tag: Tag) -> None:
        """See `Tags.make_tag`."""
        tagging = self._tagging
        category = await tagging.category(tag.category)
        spec = t.TagSpec(name=tag.name, description=tag.description, category_id=category.id)
        what = f"make the tag {str(tag)!r}"
        await tagging.call(t.CREATE_TAG, t.CreateTag(create_spec=spec), what=what)

    async def delete_tag(
        self, tag: str, category: str | None = None, *, force: bool = False
    ) -> None:
        """See `Tags.delete_tag`."""
        tagging = self._tagging
        found = await tagging.find(tag, category)
        what = f"delete the tag {tag!r}"
        if not force:
            users = await tagging.call(t.LIST_ATTACHED_OBJECTS, of=found.id, what=what)
            if users:
                raise self._in_use(what, f"{len(users)} of its objects are there")
        await tagging.call(t.DELETE_TAG, of=found.id, what=what)

    def _in_use(self, what: str, why: str) -> InvalidState:
        text = f"{self.session.where} is not asked to {what}: {why}"
        return InvalidState(text, hint="with force (--force) it goes, from all that have it")

    # --- what has them --------------------------------------------------------------------------

    async def tags_of(self, what: Tagged) -> Sequence[Tag]:
        """See `Tags.tags_of`."""
        tagging = self._tagging
        ref = ref_of(self.session, what)
        body = t.OneObject(object_id=t.DynamicId.of(ref))
        doing = f"tell the tags of {self.session.tree.called(ref)}"
        keys = await tagging.call(t.LIST_ATTACHED_TAGS, body, what=doing)
        return await tagging.tags(await tagging.get(keys))

    async def tags_of_domains(
        self, domains: Sequence[DomainKey] | None = None
    ) -> Mapping[DomainKey, Sequence[Tag]]:
        """See `Tags.tags_of_domains`."""
        tagging, known = self._tagging, self.session.machines
        wanted = known if domains is None else filter(None, map(known.existing, domains))
        machines = {each.ref: each for each in wanted}
        keys = await self._keys(tagging, list(machines))
        infos = await tagging.get(key for each in keys.values() for key in each)
        tags = await tagging.by_key(infos)
        of = {ref: [tags[key] for key in found if key in tags] for ref, found in keys.items()}
        return {each.key: sorted(of.get(ref, ()), key=by_name) for ref, each in machines.items()}

    async def _keys(self, tagging: Tagging, refs: Sequence[Ref]) -> dict[Ref, tuple[str, ...]]:
        """The identifiers of the tags of objects; of those that have some."""
        found: dict[Ref, tuple[str, ...]] = {}
        for first in range(0, len(refs), _AT_ONCE):
            objects = tuple(map(t.DynamicId.of, refs[first : first + _AT_ONCE]))
            method, body = t.LIST_ATTACHED_TAGS_ON_OBJECTS, t.ManyObjects(object_ids=objects)
            told = await tagging.call(method, body, what="tell the tags of domains")
            found |= {each.object_id.ref: each.tag_ids or () for each in told}
        return found

    async def attach_tag(self, what: Tagged, tag: str, category: str | None = None) -> None:
        """See `Tags.attach_tag`."""
        tagging = self._tagging
        ref, found = ref_of(self.session, what), await tagging.find(tag, category)
        body = t.OneObject(object_id=t.DynamicId.of(ref))
        doing = f"attach the tag {tag!r} to {self.session.tree.called(ref)}"
        try:
            await tagging.call(t.ATTACH_TAG, body, of=found.id, what=doing)
        except ConfigError as error:
            reason = await self._reason(tagging, found, ref, str(error))
            if reason is None:
                raise
            raise reason from error

    async def _reason(
        self, tagging: Tagging, tag: t.TagInfo, ref: Ref, text: str
    ) -> AiovirtError | None:
        """Why a tag cannot be attached, where its category does not allow it."""
        category = await tagging.call(t.GET_CATEGORY, of=tag.category_id, what="tell of a category")
        kinds, own = kinds_of(category.associable_types or ()), kinds_of([ref.kind])
        if kinds and not kinds & own:
            hint = f"the category {category.name!r} is for: {', '.join(sorted(kinds))}"
            return ConfigError(text, field="category", hint=hint)
        if category.cardinality is not t.Cardinality.SINGLE:
            return None
        keys = (await self._keys(tagging, [ref])).get(ref, ())
        others = [each for each in await tagging.get(keys) if each.category_id == category.id]
        names = ", ".join(repr(each.name) for each in others)
        hint = f"it has {names}, and one tag of {category.name!r} at most: detach that first"
        return InvalidState(text, hint=hint) if others else None

    async def detach_tag(self, what: Tagged, tag: str, category: str | None = None) -> None:
        """See `Tags.detach_tag`."""
        tagging = self._tagging
        ref, found = ref_of(self.session, what), await tagging.find(tag, category)
        body = t.OneObject(object_id=t.DynamicId.of(ref))
        doing = f"detach the tag {tag!r} from {self.session.tree.called(ref)}"
        await tagging.call(t.DETACH_TAG, body, of=found.id, what=doing)

    async def tagged(self, tag: str, category: str | None = None) -> Sequence[TaggedObject]:
        """See `Tags.tagged`."""
        tagging = self._tagging
        found = await tagging.find(tag, category)
        what = f"tell what has the tag {tag!r}"
        told = await tagging.call(t.LIST_ATTACHED_OBJECTS, of=found.id, what=what)
        objects = (object_of(self.session, each.ref) for each in told)
        known = [each for each in objects if each is not None]
        return sorted(known, key=lambda each: (each.kind, each.name))


def _category(info: t.CategoryInfo) -> TagCategory:
    single = info.cardinality is t.Cardinality.SINGLE
    kinds = kinds_of(info.associable_types or ())
    return TagCategory(info.name, info.description, single=single, kinds=kinds)
