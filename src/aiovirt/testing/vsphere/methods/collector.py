"""The property collector: reading at once, page by page, and waiting for updates."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from aiovirt.protocols.vsphere import Empty, Ref, properties
from aiovirt.protocols.vsphere.tables import collector_methods as m
from aiovirt.protocols.vsphere.tables.base import DynamicProperty
from aiovirt.protocols.vsphere.tables.collector import (
    ObjectContent,
    PropertyFilterSpec,
    PropertySpec,
    RetrieveResult,
    UpdateSet,
)
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.collecting.collector import Collector
from aiovirt.testing.vsphere.collecting.filters import PropertyFilter
from aiovirt.testing.vsphere.collecting.reading import Reader
from aiovirt.testing.vsphere.collecting.selection import select
from aiovirt.testing.vsphere.fetching import FETCH, FetchArgs

OPEN_TO_ALL = ("ServiceInstance", "SessionManager")
"""Objects that may be read by who has not logged in."""

# --- reading --------------------------------------------------------------------------------------


@handles(m.RETRIEVE_PROPERTIES_EX)
def retrieve_properties_ex(call: Call, args: m.RetrievePropertiesExArgs) -> RetrieveResult | None:
    """Read properties, a page at a time."""
    limits = [args.options.max_objects, call.site.settings.page_size]
    if args.options.max_objects is not None and args.options.max_objects < 1:
        raise faults.invalid_argument("options.maxObjects")
    found = deque(_contents(call, args.spec_set))
    if not found:
        return None
    return _page(call, found, min([each for each in limits if each], default=len(found)))


@handles(m.CONTINUE_RETRIEVE_PROPERTIES_EX)
def continue_retrieve_properties_ex(
    call: Call, args: m.ContinueRetrievePropertiesExArgs
) -> RetrieveResult:
    """Read the next page."""
    found, size = _kept(call, args.token)
    return _page(call, found, size)


@handles(m.CANCEL_RETRIEVE_PROPERTIES_EX)
def cancel_retrieve_properties_ex(call: Call, args: m.CancelRetrievePropertiesExArgs) -> None:
    """Give up the pages that are left."""
    _kept(call, args.token)


@handles(FETCH)
def fetch(call: Call, args: FetchArgs) -> object:
    """Read one property of one object."""
    overlay = call.site.sessions.overlay(call.session)
    reader = Reader(call.world, [PropertySpec(type=call.this.kind, path_set=(args.prop,))], overlay)
    reader.check()
    found = [each.val for each in _content(call, reader, call.this).prop_set]
    return found[0] if found else None


@handles(m.RETRIEVE_PROPERTIES)
def retrieve_properties(call: Call, args: m.RetrievePropertiesArgs) -> tuple[ObjectContent, ...]:
    """Read properties, all at once."""
    return tuple(_contents(call, args.spec_set))


def _page(call: Call, found: deque[ObjectContent], size: int) -> RetrieveResult:
    page = tuple(islice(found, size))
    rest = deque(islice(found, size, None))
    token = None
    if rest:
        token = call.world.number("token", 0)
        call.caller.pages[token] = (rest, size)
    return RetrieveResult(token=token, objects=page)


def _kept(call: Call, token: str) -> tuple[deque[ObjectContent], int]:
    kept = call.caller.pages.pop(token, None)
    if kept is None:
        raise faults.invalid_argument("token")
    return kept


def _contents(call: Call, specs: Sequence[PropertyFilterSpec]) -> list[ObjectContent]:
    overlay = call.site.sessions.overlay(call.session)
    found = []
    for spec in specs:
        reader = Reader(call.world, spec.prop_set, overlay)
        reader.check()
        selected = select(call.world, spec.object_set)
        if selected.missing and not spec.report_missing_objects_in_results:
            raise faults.not_found(selected.missing[0])
        found += [_content(call, reader, ref) for ref in selected.objects if reader.wants(ref)]
    return found


def _content(call: Call, reader: Reader, ref: Ref) -> ObjectContent:
    if call.session is None and ref.kind not in OPEN_TO_ALL:
        raise faults.not_authenticated(ref)
    read = reader.read(ref)
    told = [
        DynamicProperty(name=path, val=properties.typed(ref.kind, path, value))
        for path, value in read.items()
    ]
    return ObjectContent(obj=ref, prop_set=tuple(told))


# --- waiting --------------------------------------------------------------------------------------


@handles(m.CREATE_FILTER)
def create_filter(call: Call, args: m.CreateFilterArgs) -> Ref:
    """Begin to watch some properties."""
    collector = _collector(call)
    ref = Ref("PropertyFilter", f"session[{call.caller.key}]{call.world.uuid()}")
    overlay = call.site.sessions.overlay(call.session)
    made = PropertyFilter(call.world, ref, args.spec, partial=args.partial_updates, overlay=overlay)
    if made.missing and not args.spec.report_missing_objects_in_results:
        raise faults.not_found(made.missing[0].obj)
    call.world.make(ref, spec=args.spec, partialUpdates=args.partial_updates)
    call.caller.owned.add(ref)
    collector.add(made)
    return ref


@handles(m.DESTROY_PROPERTY_FILTER)
def destroy_property_filter(call: Call, _: Empty) -> None:
    """Watch them no more."""
    for collector in call.caller.collectors.values():
        if call.this in collector.filters:
            collector.drop(call.this)
            call.caller.owned.discard(call.this)
            call.world.remove(call.this)
            return
    raise faults.not_found(call.this)


@handles(m.WAIT_FOR_UPDATES_EX)
async def wait_for_updates_ex(call: Call, args: m.WaitForUpdatesExArgs) -> UpdateSet | None:
    """Wait for news; None when there are none in time."""
    seconds, objects = None, None
    if args.options is not None:
        seconds, objects = args.options.max_wait_seconds, args.options.max_object_updates
    if seconds is not None and seconds < 0:
        raise faults.invalid_argument("options.maxWaitSeconds")
    if objects is not None and objects < 1:
        raise faults.invalid_argument("options.maxObjectUpdates")
    return await _collector(call).wait(args.version or "", seconds, objects)


@handles(m.WAIT_FOR_UPDATES)
async def wait_for_updates(call: Call, args: m.WaitForUpdatesArgs) -> UpdateSet:
    """Wait for news, for ever."""
    found = None
    while found is None:
        found = await _collector(call).wait(args.version or "", None, None)
    return found


@handles(m.CHECK_FOR_UPDATES)
async def check_for_updates(call: Call, args: m.CheckForUpdatesArgs) -> UpdateSet | None:
    """Say what is new, without waiting."""
    return await _collector(call).wait(args.version or "", 0.0, None)


@handles(m.CANCEL_WAIT_FOR_UPDATES)
def cancel_wait_for_updates(call: Call, _: Empty) -> None:
    """Let those that wait go on."""
    _collector(call).cancel()


@handles(m.CREATE_PROPERTY_COLLECTOR)
def create_property_collector(call: Call, _: Empty) -> Ref:
    """Make a collector beside the usual one."""
    key = f"session[{call.caller.key}]{call.world.uuid()}"
    ref = call.world.make(Ref("PropertyCollector", key))
    call.caller.owned.add(ref)
    call.site.sessions.collector(call.caller, ref)
    return ref


@handles(m.DESTROY_PROPERTY_COLLECTOR)
def destroy_property_collector(call: Call, _: Empty) -> None:
    """End a collector, and its filters."""
    _collector(call)
    call.site.sessions.drop_collector(call.caller, call.this)


def _collector(call: Call) -> Collector:
    found = call.caller.collectors.get(call.this)
    if found is None:
        raise faults.not_found(call.this)
    return found
