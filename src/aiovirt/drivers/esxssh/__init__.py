"""VMware ESX hosts by SSH: ``vim-cmd``, ``esxcli``, ``vmkfstools`` and ``.vmx`` files.

It is for standalone hosts whose licence makes the web API read-only, and for whoever has an SSH key
and no password.  ``esx+ssh://root@HOST/``.
"""

from aiovirt.drivers.esxssh.driver import open_driver

__all__ = ["open_driver"]
