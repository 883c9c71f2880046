"""Tasks and events: cancelling, history collectors, events by query and by hand."""

from __future__ import annotations

from aiovirt.protocols.vsphere import Empty, Ref
from aiovirt.protocols.vsphere.tables import events as e
from aiovirt.protocols.vsphere.tables import tasks_methods as m
from aiovirt.protocols.vsphere.tables.tasks import EventFilterSpec
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.calls import Call, handles
from aiovirt.testing.vsphere.eventlog import Entry, fits
from aiovirt.testing.vsphere.history import MAX_PAGE, History

MAX_COLLECTORS = 32
"""History collectors that one session has at most; vCenter's number."""


@handles(m.CANCEL_TASK)
def cancel_task(call: Call, _: Empty) -> None:
    """Give a task up."""
    call.demand("Global.CancelTask")
    call.site.tasks.cancel(call.this)


@handles(m.QUERY_EVENTS)
def query_events(call: Call, args: m.QueryEventsArgs) -> tuple[e.Event, ...]:
    """Give the events that a filter wants, the newest last; at most a page of them."""
    _check_filter(call, args.filter)
    found = [each.event for each in call.site.events.entries if fits(each, args.filter)]
    return tuple(found[-(args.filter.max_count or MAX_PAGE) :])


@handles(m.LOG_USER_EVENT)
def log_user_event(call: Call, args: m.LogUserEventArgs) -> None:
    """Write an event of the user's own."""
    call.demand("Global.LogEvent", args.entity)
    call.check(args.entity, "ManagedEntity", "entity")
    call.site.events.post(
        e.GeneralUserEvent,
        f"User logged event: {args.msg}",
        about=args.entity,
        user=call.user,
        fields={"message": args.msg, "entity": call.site.events.entity(args.entity)},
    )


@handles(m.CREATE_COLLECTOR_FOR_EVENTS)
def create_collector_for_events(call: Call, args: m.CreateCollectorForEventsArgs) -> Ref:
    """Make a collector of events."""
    _check_filter(call, args.filter)
    if len(call.caller.histories) >= MAX_COLLECTORS:
        raise faults.invalid_state()
    ref = Ref("EventHistoryCollector", f"session[{call.caller.key}]{call.world.uuid()}")
    call.world.make(ref, filter=args.filter, latestPage=())
    wanted = [each.event for each in call.site.events.entries if fits(each, args.filter)]
    history = History(call.world, ref, wanted)

    def listen(entry: Entry) -> None:
        if fits(entry, args.filter):
            history.add(entry.event)

    call.caller.owned.add(ref)
    call.caller.histories[ref] = history
    call.site.events.listen(ref, listen)
    return ref


@handles(m.READ_NEXT_EVENTS)
def read_next_events(call: Call, args: m.ReadNextEventsArgs) -> tuple[e.Event, ...]:
    """Read on towards the newest."""
    return _history(call).next(args.max_count)


@handles(m.READ_PREVIOUS_EVENTS)
def read_previous_events(call: Call, args: m.ReadPreviousEventsArgs) -> tuple[e.Event, ...]:
    """Read on towards the oldest."""
    return _history(call).previous(args.max_count)


@handles(m.SET_COLLECTOR_PAGE_SIZE)
def set_collector_page_size(call: Call, args: m.SetCollectorPageSizeArgs) -> None:
    """Let the page of the latest be larger or smaller."""
    _history(call).set_page_size(args.max_count)


@handles(m.REWIND_COLLECTOR)
def rewind_collector(call: Call, _: Empty) -> None:
    """Go to the oldest."""
    _history(call).rewind()


@handles(m.RESET_COLLECTOR)
def reset_collector(call: Call, _: Empty) -> None:
    """Go before the page of the latest."""
    _history(call).reset()


@handles(m.DESTROY_COLLECTOR)
def destroy_collector(call: Call, _: Empty) -> None:
    """Give a collector up."""
    _history(call)
    del call.caller.histories[call.this]
    call.caller.owned.discard(call.this)
    call.world.remove(call.this)


def _history(call: Call) -> History[e.Event]:
    found = call.caller.histories.get(call.this)
    if found is None:
        raise faults.not_found(call.this)
    return found


def _check_filter(call: Call, spec: EventFilterSpec) -> None:
    if spec.entity is not None:
        call.check(spec.entity.entity, "ManagedEntity", "filter.entity.entity")
    if spec.max_count is not None and not 0 < spec.max_count <= MAX_PAGE:
        raise faults.invalid_argument("filter.maxCount")
    _check_times(spec)


def _check_times(spec: EventFilterSpec) -> None:
    if spec.time is None or spec.time.begin_time is None or spec.time.end_time is None:
        return
    if spec.time.begin_time > spec.time.end_time:
        raise faults.invalid_argument("filter.time")
