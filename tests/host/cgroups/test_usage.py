"""What a group has used."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aiovirt.errors import ResourceUnavailable
from aiovirt.host.cgroups import Group
from aiovirt.host.cgroups.usage import CpuUsage, cpu_usage, cpu_usage_by_cpu, memory_usage


def test_the_time_of_processes_that_ended_counts(group: Group) -> None:
    script = f'for f in {" ".join(map(str, group.folders()))}; do echo $$ >"$f/cgroup.procs"; done'
    subprocess.run(["/bin/sh", "-c", f"{script}; seq 20000 >/dev/null"], check=True)
    assert cpu_usage(group).total_ns > 0
    assert sum(cpu_usage_by_cpu(group)) == cpu_usage(group).total_ns
    assert memory_usage(group) >= 0


def test_version_2_counts_in_microseconds(unified: Group, tmp_path: Path) -> None:
    stat = "usage_usec 30\nuser_usec 20\nsystem_usec 10\n"
    (tmp_path / "machine/one/cpu.stat").write_text(stat)
    (tmp_path / "machine/one/memory.current").write_text("4096\n")
    assert cpu_usage(unified) == CpuUsage(30_000, 20_000, 10_000)
    assert memory_usage(unified) == 4096
    with pytest.raises(ResourceUnavailable):
        cpu_usage_by_cpu(unified)
