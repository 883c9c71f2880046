"""Verbs about the host, beside the real virsh's words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from clirun import Both, Run, squeezed
from libvirtlab import Lab, LabError, run_virsh

from aiovirt.cli import node
from aiovirt.model.host import HostCpuStats

pytestmark = pytest.mark.real

QEMU = "qemu:///system"
TEST = "test:///default"
CPU = "<cpu><arch>x86_64</arch><model>{}</model></cpu>"

SAME = [
    (QEMU, ("nodeinfo",)),
    (QEMU, ("nodecpumap",)),
    (QEMU, ("nodecpumap", "--pretty")),
    (QEMU, ("node-memory-tune",)),
    (QEMU, ("cpu-models", "x86_64")),
    (QEMU, ("maxvcpus",)),
    (QEMU, ("maxvcpus", "--type", "qemu")),
    (QEMU, ("hypervisor-cpu-baseline", "--virttype", "qemu", "--model", "qemu64")),
    (QEMU, ("hostname",)),
    (QEMU, ("capabilities",)),
    (TEST, ("nodeinfo",)),
    (TEST, ("nodecpumap",)),
    (TEST, ("nodecpumap", "--pretty")),
    (TEST, ("nodecpustats",)),
    (TEST, ("freecell",)),
    (TEST, ("freecell", "--cellno", "1")),
    (TEST, ("sysinfo",)),
    (TEST, ("maxvcpus",)),
]


@pytest.mark.parametrize(("driver", "argv"), SAME, ids=lambda value: str(value)[:40])
def test_it_says_what_virsh_says(both: Both, driver: str, argv: tuple[str, ...]) -> None:
    ours, virshs = both(*argv, driver=driver)
    assert ours == virshs


CHANGES = [
    ("nodecpustats",),
    ("nodecpustats", "--cpu", "0"),
    ("nodecpustats", "--percent"),
    ("nodememstats",),
    ("nodememstats", "--cell", "0"),
    ("freecell",),
    ("freepages", "--all"),
    ("freepages", "--cellno", "0", "--pagesize", "4"),
]


def shape(text: str) -> str:
    """The text with all numbers alike."""
    return re.sub(r"[0-9.]+", "9", squeezed(text))


@pytest.mark.parametrize("argv", CHANGES, ids=" ".join)
def test_it_says_figures_as_virsh_does(both: Both, argv: tuple[str, ...]) -> None:
    ours, virshs = both(*argv)
    assert shape(ours) == shape(virshs)


def test_free_memory_of_each_node_is_added_up(both: Both, lab_run: Run) -> None:
    ours, virshs = both("freecell", "--all", driver=TEST)
    assert ours.startswith(virshs)
    assert ours.endswith("Total: 6144 KiB")
    assert lab_run("freepages", "--cellno", "0").out.startswith("4KiB: ")


def test_figures_for_programs_are_bytes(lab_run: Run) -> None:
    found = lab_run("freecell", "--all", "-o", "json", driver=TEST).json
    assert found["cells"] == [{"cell": 0, "free": 2097152}, {"cell": 1, "free": 4194304}]
    assert lab_run("nodeinfo", "-o", "json", driver=TEST).json["memory"] == 3145728 * 1024
    (row, *_) = lab_run("freepages", "--all", "-o", "json").json
    assert row["page_size"] == 4096


def test_the_daemons_version(lab_run: Run, lab: Lab) -> None:
    said = run_virsh(lab, "version", "--daemon").splitlines()
    ours = lab_run("version", "--daemon").out.splitlines()
    for line in ("Running hypervisor: ", "Running against daemon: "):
        (expected,) = [text for text in said if text.startswith(line)]
        assert expected in ours


def test_pages_and_parameters_are_set(lab_run: Run) -> None:
    assert lab_run("allocpages", "2048", "0", "--add").status == 0
    assert lab_run("allocpages", "2048", "0", "--add", "--all", "-o", "json").json["cells"] == 1
    scan = lab_run("node-memory-tune", "-o", "json").json["shm_pages_to_scan"]
    assert lab_run("node-memory-tune", "--shm-pages-to-scan", str(scan)).status == 0


def test_what_a_host_cannot_do_is_said(lab_run: Run) -> None:
    assert "1 s" not in lab_run("nodesuspend", "mem", "1").out
    assert lab_run("nodesuspend", "mem", "1").status == 1
    assert lab_run("nodesevinfo", driver=TEST).status == 1


MISTAKES = [
    (("freecell", "--all", "--cellno", "0"), "--cellno"),
    (("freepages",), "--all"),
    (("freepages", "--cellno", "99"), "no NUMA node 99"),
    (("allocpages", "2048", "0", "--all", "--cellno", "0"), "--cellno"),
    (("hypervisor-cpu-baseline",), "--model"),
]


@pytest.mark.parametrize(("argv", "words"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_gets_advice(lab_run: Run, argv: tuple[str, ...], words: str) -> None:
    done = lab_run(*argv)
    assert done.status in {1, 2}
    assert words in done.err


# --- CPUs -----------------------------------------------------------------------------------------


def spoken(lab: Lab, *argv: str) -> str:
    """Return what virsh says, whether it succeeds or not."""
    try:
        return run_virsh(lab, *argv)
    except LabError as error:
        return str(error)


COMPARED = [
    (("cpu-compare",), "486"),
    (("cpu-compare",), "qemu64"),
    (("hypervisor-cpu-compare", "--virttype", "qemu"), "qemu64"),
    (("hypervisor-cpu-compare", "--virttype", "qemu"), "486"),
]


@pytest.mark.parametrize(("argv", "model"), COMPARED)
def test_cpus_are_compared_as_by_virsh(
    lab_run: Run, lab: Lab, tmp_path: Path, argv: tuple[str, ...], model: str
) -> None:
    path = tmp_path / "cpu.xml"
    path.write_text(CPU.format(model))
    done = lab_run(*argv, str(path))
    said = spoken(lab, *argv, str(path))
    assert (done.out or done.err).splitlines()[0].removeprefix("error: ") in said
    assert (done.status == 1) is ("incompatible" in said)


def test_what_is_missing_is_said(lab_run: Run, tmp_path: Path) -> None:
    path = tmp_path / "cpu.xml"
    path.write_text("<cpu><arch>ppc64</arch><model>POWER8</model></cpu>")
    done = lab_run("cpu-compare", str(path), "--error")
    assert done.status == 1
    assert "ppc64" in done.err


@pytest.mark.parametrize("options", [(), ("--features",), ("--migratable",)])
def test_hosts_have_a_cpu_in_common(both: Both, tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "cpus.xml"
    path.write_text(CPU.format("Penryn") + CPU.format("Conroe"))
    ours, virshs = both("cpu-baseline", str(path), *options)
    assert ours == virshs


def test_capabilities_have_cpus(lab_run: Run, both: Both, tmp_path: Path) -> None:
    path = tmp_path / "caps.xml"
    path.write_text(lab_run("capabilities").out)
    ours, virshs = both("cpu-baseline", str(path))
    assert ours == virshs
    path.write_text(lab_run("domcapabilities", "--virttype", "qemu").out)
    ours, virshs = both("hypervisor-cpu-baseline", str(path), "--virttype", "qemu")
    assert ours == virshs


@pytest.mark.parametrize(("text", "words"), [("<a/>", "has no CPU"), ("<cpu>", "cpu.xml: ")])
def test_a_file_without_a_cpu_is_refused(
    lab_run: Run, tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "cpu.xml"
    path.write_text(text)
    done = lab_run("cpu-compare", str(path))
    assert done.status == 1
    assert words in done.err


def test_percents_are_of_the_time_between() -> None:
    before = HostCpuStats(kernel_ns=0, user_ns=10, idle_ns=0, iowait_ns=0)
    after = HostCpuStats(kernel_ns=10, user_ns=30, idle_ns=60, iowait_ns=10)
    assert node._percent(before, after) == {
        "usage": 30.0,
        "user": 20.0,
        "system": 10.0,
        "idle": 60.0,
        "iowait": 10.0,
    }


def test_processors_are_told_as_ranges() -> None:
    assert node.ranges({"online": [0, 1, 2, 5, 7, 8]}) == "0-2,5,7-8"
