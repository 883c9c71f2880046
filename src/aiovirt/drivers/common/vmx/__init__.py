"""VMware's ``.vmx`` files as domains, both ways, for every driver of VMware's products.

`domain_of` makes a domain of a `Vmx`, `vmx_of` a new file of a domain, `merge` changes a file and
keeps what no domain says.  Names of files are translated by the driver's `Files`.  Nothing here
does I/O or knows a product.
"""

from aiovirt.drivers.common.vmx.convert import domain_of, hardware_of, merge, vmx_of
from aiovirt.drivers.common.vmx.files import DatastoreFiles, Files, PlainFiles
from aiovirt.drivers.common.vmx.text import MAX_VMX_BYTES, Vmx

__all__ = [
    "MAX_VMX_BYTES",
    "DatastoreFiles",
    "Files",
    "PlainFiles",
    "Vmx",
    "domain_of",
    "hardware_of",
    "merge",
    "vmx_of",
]
