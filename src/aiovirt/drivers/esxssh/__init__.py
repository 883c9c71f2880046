"""VMware ESX hosts by SSH: ``vim-cmd``, ``esxcli``, ``vmkfstools`` and ``.vmx`` files.

It is for standalone hosts whose licence makes the web API read-only, and for whoever has an SSH key
and no password.  ``esx+ssh://root@HOST/``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

import anyio

from aiovirt.interfaces import Driver, OpenOptions
from aiovirt.model.uri import URI

__all__ = ["open_driver"]

NO_OPTIONS = OpenOptions()


@asynccontextmanager
async def open_driver(uri: URI, options: OpenOptions = NO_OPTIONS) -> AsyncIterator[Driver]:
    """Open a host; see `aiovirt.drivers.esxssh.driver.open_driver`.

    The driver is loaded in a thread: asyncssh takes its time, and runs programs meanwhile.
    """
    module = await anyio.to_thread.run_sync(import_module, f"{__name__}.driver")
    async with module.open_driver(uri, options) as driver:
        yield driver
