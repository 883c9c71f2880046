"""A session of pyvmomi, VMware's own client: what properties objects have, and tasks to their end.

It knows nothing of aiovirt.  pyvmomi makes its types while it runs, so that type checkers see
little of them: here they are `Any`.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from operator import attrgetter
from typing import Any

from vcsimlab.simulator import Simulator

__all__ = ["Session", "connected", "vim"]

Managed = Any
"""A managed object of pyvmomi."""


class _Late:
    """Loads its module when it is first used: every run of tests loads these fixtures."""

    def __init__(self, module: str, below: str = "") -> None:
        self._module = module
        self._below = below

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  pyvmomi is not typed
        return attrgetter(self._below + name)(import_module(self._module))


vim: Any = _Late("pyVmomi", "vim.")
_query: Any = _Late("pyVmomi", "vmodl.query.PropertyCollector.")
_connect: Any = _Late("pyVim.connect")

TASK_PATHS = ["info.state", "info.error", "info.result"]
"""All that is asked of a task: pyvmomi refuses others whose types the simulator has wrong."""


class Session:
    """What an administrator's script does; every call blocks until it is answered."""

    def __init__(self, instance: Managed) -> None:
        self.instance = instance
        self.content: Any = instance.RetrieveContent()

    def facts(self, kind: Managed, paths: Iterable[str]) -> dict[Managed, dict[str, Any]]:
        """Return properties of all objects of a kind, such as `vim.VirtualMachine`."""
        view = self.content.viewManager.CreateContainerView(self.content.rootFolder, [kind], True)
        try:
            walk = _query.TraversalSpec(type=vim.view.ContainerView, path="view", skip=False)
            start = _query.ObjectSpec(obj=view, skip=True, selectSet=[walk])
            return self._retrieve(start, kind, paths)
        finally:
            view.DestroyView()

    def of(self, target: Managed, *paths: str) -> dict[str, Any]:
        """Return properties of one object; those that are not set are left out."""
        found = self._retrieve(_query.ObjectSpec(obj=target), type(target), paths)
        return found.get(target, {})

    def _retrieve(
        self, start: Managed, kind: Managed, paths: Iterable[str]
    ) -> dict[Managed, dict[str, Any]]:
        """Ask by RetrievePropertiesEx: the simulator dies of pyvmomi's Fetch of what is not set."""
        wanted = _query.PropertySpec(type=kind, pathSet=list(paths))
        spec = _query.FilterSpec(objectSet=[start], propSet=[wanted])
        collector = self.content.propertyCollector
        found: dict[Managed, dict[str, Any]] = {}
        page = collector.RetrievePropertiesEx([spec], _query.RetrieveOptions())
        while page is not None:
            for each in page.objects:
                found[each.obj] = {one.name: one.val for one in each.propSet}
            page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
        return found

    def named(self, kind: Managed, name: str) -> Managed:
        """Return the object of a kind with a name."""
        found = [
            each for each, facts in self.facts(kind, ["name"]).items() if facts["name"] == name
        ]
        assert found, f"there is no {kind.__name__} {name}"
        return found[0]

    def finish(self, task: Managed) -> Any:  # noqa: ANN401  each task has a result of its own
        """Wait for the end of a task and return its result; its fault is raised."""
        while True:
            facts = self.of(task, *TASK_PATHS)
            state = facts["info.state"]
            if state == vim.TaskInfo.State.error:
                raise facts["info.error"]
            if state == vim.TaskInfo.State.success:
                return facts.get("info.result")


@contextmanager
def connected(simulator: Simulator) -> Iterator[Session]:
    """Log in for the length of the scope; nothing stays open even when the simulator is gone."""
    trusted = ssl.create_default_context(cafile=str(simulator.ca))
    instance = _connect.SmartConnect(
        host="127.0.0.1",
        port=simulator.port,
        user=simulator.user,
        pwd=simulator.password,
        sslContext=trusted,
    )
    try:
        yield Session(instance)
    finally:
        if simulator.alive:
            _connect.Disconnect(instance)
        instance._stub.DropConnections()
