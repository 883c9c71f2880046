"""What an ESX host's commands print, and the words that they are given. No I/O."""

from __future__ import annotations

from aiovirt.protocols.esxcli.paths import DatastorePath
from aiovirt.protocols.esxcli.tables import parse_csv, parse_keyvalue, split_list
from aiovirt.protocols.esxcli.vimtext import VimObject, VimReference, VimValue, find_vim, parse_vim
from aiovirt.protocols.esxcli.words import command_line, unfit

__all__ = [
    "DatastorePath",
    "VimObject",
    "VimReference",
    "VimValue",
    "command_line",
    "find_vim",
    "parse_csv",
    "parse_keyvalue",
    "parse_vim",
    "split_list",
    "unfit",
]
