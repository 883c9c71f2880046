"""pyvmomi at work, in a process of its own: asked by lines, see `_vsphere_common`."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http.client import RemoteDisconnected
from importlib import import_module
from typing import Any

from _vsphere_common import PROPERTIES, Where, answer, import_all, peak_mib

vim: Any = import_module("pyVmomi").vim
query: Any = import_module("pyVmomi").vmodl.query.PropertyCollector
connect: Any = import_module("pyVim.connect")
wait_for_task: Callable[..., None] = import_module("pyVim.task").WaitForTask

POLL_S = 0.01
LOST_S = 5
"""An update that has not come after so long has been given to another thread: see `wait`."""

own = threading.local()


def login(where: Where, timeout_s: float | None = None) -> Any:  # noqa: ANN401  pyvmomi is not typed
    """A new session, whose requests may each take that long."""
    return connect.SmartConnect(
        host=where["host"],
        port=where["port"],
        user=where["user"],
        pwd=where["password"],
        sslContext=ssl.create_default_context(cafile=where["ca"]),
        connectionPoolTimeout=-1,
        httpConnectionTimeout=timeout_s,
    )


def logout(instance: Any) -> None:  # noqa: ANN401  pyvmomi is not typed
    """End it; its connections go with it."""
    connect.Disconnect(instance)


def machines(content: Any, paths: Sequence[str]) -> dict[Any, dict[str, Any]]:  # noqa: ANN401
    """Properties of all machines, in one call; pages are followed."""
    view = content.viewManager.CreateContainerView(
        container=content.rootFolder, type=[vim.VirtualMachine], recursive=True
    )
    walk = query.TraversalSpec(type=vim.view.ContainerView, path="view", skip=False)
    spec = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
        propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=list(paths))],
    )
    collector = content.propertyCollector
    found = {}
    page = collector.RetrievePropertiesEx([spec], query.RetrieveOptions())
    while page is not None:
        for each in page.objects:
            found[each.obj] = {one.name: one.val for one in each.propSet}
        page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
    return found


def inventory(where: Where, count: int) -> float:
    """Machines a second: from no connection to all of their properties."""
    begin = time.perf_counter()
    instance = login(where)
    found = machines(instance.RetrieveContent(), PROPERTIES)
    rate = len(found) / (time.perf_counter() - begin)
    assert len(found) == count, f"{len(found)} machines came"
    logout(instance)
    return rate


def memory(where: Where, count: int) -> float:
    """MiB that this process has needed at most, with that inventory in its hands."""
    inventory(where, count)
    return peak_mib()


def memory_of_work(where: Where, count: int) -> float:
    """The same with all libraries loaded, also those of the other contender."""
    import_all()
    return memory(where, count)


def poll(task: Any) -> None:  # noqa: ANN401  pyvmomi is not typed
    """Ask a task for its state until it has ended."""
    while (state := task.info.state) in {"running", "queued"}:
        time.sleep(POLL_S)
    assert state == "success", task.info.error


def wait(task: Any) -> None:  # noqa: ANN401  pyvmomi is not typed
    """Wait for a task as pyvmomi's users do: all threads by the session's own collector.

    The simulator drops the connection of one who waits while another's filter goes away, and gives
    an update of that collector to one of those who wait: another's task is then asked for anew.
    """
    while True:
        with suppress(RemoteDisconnected, TimeoutError):
            return wait_for_task(task)


def wait_apart(task: Any) -> None:  # noqa: ANN401  pyvmomi is not typed
    """Wait for a task by a collector of the thread's own, which loses and drops nothing."""
    try:
        collector = own.collector
    except AttributeError:
        content = vim.ServiceInstance("ServiceInstance", task._stub).content  # noqa: SLF001  as WaitForTask
        collector = own.collector = content.propertyCollector.CreatePropertyCollector()
    wait_for_task(task, pc=collector)


def pairs(wait: Callable[[Any], None], where: Where, count: int, threads: int) -> float:
    """Machines that are powered off and on again in a second, by threads on one session."""
    instance = login(where, LOST_S)
    targets = list(machines(instance.RetrieveContent(), ["name"]))[:count]
    ready = threading.Barrier(threads + 1)

    def pair(machine: Any) -> None:  # noqa: ANN401  pyvmomi is not typed
        wait(machine.PowerOffVM_Task())
        wait(machine.PowerOnVM_Task())

    with ThreadPoolExecutor(threads, initializer=ready.wait) as pool:
        done = [pool.submit(pair, machine) for machine in targets]
        ready.wait()
        begin = time.perf_counter()
        for each in done:
            each.result()
        rate = len(targets) / (time.perf_counter() - begin)
    logout(instance)
    return rate


answer(
    {
        "inventory": inventory,
        "memory": memory,
        "memory_of_work": memory_of_work,
        "polling": partial(pairs, poll),
        "waiting": partial(pairs, wait),
        "waiting_apart": partial(pairs, wait_apart),
    }
)
