"""Taking over what libvirt has in its folders: ``aiovirtd --import /etc/libvirt``.

source.py    what is there: libvirt's files, by kind
taking.py    what is taken over, kept for later, or refused; each thing whole or not at all
report.py    what is told of it

libvirt's folders are only read.  Doing it twice is no error: what is there already stays.
"""

from __future__ import annotations

from aiovirt.daemon.importing.report import Report
from aiovirt.daemon.importing.taking import import_folder

__all__ = ["Report", "import_folder"]
