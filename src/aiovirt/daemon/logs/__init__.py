"""The daemon's log: which records go where, changed at run time; in libvirt's words.

logs.py     `Logs`: what holds now, and changing it whole or not at all
words.py    libvirt's syntax: ``LEVEL:NAME`` filters, ``LEVEL:KIND:WHERE`` outputs
outputs.py  what writes: standard error, files, the journal, syslog
forms.py    a record as a line of text, or as an object of JSON
"""

from __future__ import annotations

from aiovirt.daemon.logs.logs import Logs, check_outputs, opened_logs

__all__ = ["Logs", "check_outputs", "opened_logs"]
