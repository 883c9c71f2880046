"""The client of vSphere's web services: vCenter and ESX."""

from __future__ import annotations

from aiovirt.clients.vsphere._files import DatastoreFile, Download
from aiovirt.clients.vsphere._followed import Followed, NewEvents, RecentTasks
from aiovirt.clients.vsphere._retrieve import Retrieval
from aiovirt.clients.vsphere._store import Change, Listener, Properties
from aiovirt.clients.vsphere.client import SERVICE, VSphereClient, open_client
from aiovirt.clients.vsphere.faults import RestRefusal, VSphereFault
from aiovirt.clients.vsphere.inventory import Inventory
from aiovirt.clients.vsphere.target import (
    CloneTicket,
    Login,
    Password,
    SessionCookie,
    TLSTrust,
    VSphereTarget,
)

__all__ = [
    "SERVICE",
    "Change",
    "CloneTicket",
    "DatastoreFile",
    "Download",
    "Followed",
    "Inventory",
    "Listener",
    "Login",
    "NewEvents",
    "Password",
    "Properties",
    "RecentTasks",
    "RestRefusal",
    "Retrieval",
    "SessionCookie",
    "TLSTrust",
    "VSphereClient",
    "VSphereFault",
    "VSphereTarget",
    "open_client",
]
