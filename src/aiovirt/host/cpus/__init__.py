"""Models and features of x86 CPUs: what there is, what a host has, how CPUs compare.

    table.py      the facts, from x86.txt, which tables/cpus.py writes
    values.py     a CPU as documents tell it
    choose.py     which model tells best what a CPU can do; comparing, and what several can do
    documents.py  ``<cpu>`` elements
    asked.py      what hosts are asked
    registers.py  what the processor of this host says

The choice is libvirt's (its documentation of cpu-compare and cpu-baseline, and what it answers),
since documents of both must mean the same.
"""

from __future__ import annotations

from aiovirt.host.cpus.asked import common_cpu, compared
from aiovirt.host.cpus.choose import (
    Chosen,
    baseline,
    compare,
    decode,
    expanded,
    lacking,
    offered,
)
from aiovirt.host.cpus.documents import cpu_element, cpu_xml, read_cpu
from aiovirt.host.cpus.registers import HostCpu, read_host_cpu
from aiovirt.host.cpus.table import CpuTable, names_of, table
from aiovirt.host.cpus.values import Cpu

__all__ = [
    "Chosen",
    "Cpu",
    "CpuTable",
    "HostCpu",
    "baseline",
    "common_cpu",
    "compare",
    "compared",
    "cpu_element",
    "cpu_xml",
    "decode",
    "expanded",
    "lacking",
    "names_of",
    "offered",
    "read_cpu",
    "read_host_cpu",
    "table",
]
