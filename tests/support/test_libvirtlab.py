"""The lab: a real libvirtd that does what a host's does, disturbs nothing and leaves nothing."""

from __future__ import annotations

import dataclasses
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import counterparts
import pytest
from labsamples import container_xml, disk, guest_xml, network_xml
from libvirtlab import Lab, LabError, Transport, run_virsh, state
from libvirtlab.fixtures import run_new_lab

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.real


def written(tmp_path: Path, document: str) -> str:
    path = tmp_path / "document.xml"
    path.write_text(document, encoding="ascii")
    return str(path)


@pytest.fixture
def guest(lab: Lab, tmp_path: Path) -> Iterator[str]:
    """A running guest with a qcow2 disk."""
    before = state.objects(lab)
    document = guest_xml(disks=(disk(tmp_path / "disk.qcow2"),))
    run_virsh(lab, "define", written(tmp_path, document))
    run_virsh(lab, "start", "vm1")
    yield "vm1"
    state.clean(lab, state.objects(lab) - before)


@pytest.mark.parametrize("transport", ["unix", "tcp", "tls", "ssh"])
def test_virsh_connects_over_every_transport(lab: Lab, transport: Transport) -> None:
    assert run_virsh(lab, "hostname", transport=transport).strip() == lab.hostname


@pytest.mark.parametrize("client", ["expired", "stranger"])
def test_a_certificate_that_is_no_good_is_refused(lab: Lab, client: str) -> None:
    with pytest.raises(LabError, match=r"(?i)certificate|authentication failed"):
        run_virsh(lab, "uri", transport="tls", pkipath=str(lab.pki.with_name(client)))


def test_ssh_by_netcat_reaches_a_socket_that_is_named(lab: Lab) -> None:
    counterparts.program("nc")
    said = run_virsh(lab, "hostname", transport="ssh", socket=str(lab.socket), proxy="netcat")
    assert said.strip() == lab.hostname


def test_an_unknown_key_is_refused(lab: Lab) -> None:
    with pytest.raises(LabError, match="Permission denied"):
        run_virsh(lab, "uri", transport="ssh", keyfile=str(lab.ssh_key.with_name("stranger")))


@pytest.mark.parametrize("transport", ["unix", "tcp", "tls"])
def test_sasl_is_asked_for(sasl_libvirtd: Lab, transport: Transport) -> None:
    assert run_virsh(sasl_libvirtd, "hostname", transport=transport)
    with pytest.raises(LabError, match="uthentication"):
        run_virsh(dataclasses.replace(sasl_libvirtd, sasl=False), "uri", transport=transport)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "PLAIN"])
def test_sasl_by_every_mechanism(sasl_libvirtd: Lab, mechanism: str) -> None:
    assert run_virsh(sasl_libvirtd, "hostname", transport="tls", auth=f"sasl.{mechanism}")


@pytest.mark.parametrize("driver", ["test:///default", "lxc:///system"])
def test_other_drivers_are_there(lab: Lab, driver: str) -> None:
    assert run_virsh(lab, "version", driver=driver)


def test_the_admin_api_answers(lab: Lab) -> None:
    program = counterparts.program("virt-admin")
    shown = subprocess.run(
        [str(program), "-c", lab.admin_uri, "srv-list"], capture_output=True, text=True, check=True
    )
    assert "libvirtd" in shown.stdout


def test_a_snapshot_of_a_guest_is_taken_and_gone_back_to(lab: Lab, guest: str) -> None:
    run_virsh(lab, "snapshot-create-as", guest, "before")
    run_virsh(lab, "snapshot-revert", guest, "before")
    assert run_virsh(lab, "snapshot-list", guest, "--name").split() == ["before"]


def test_a_guest_has_control_groups(lab: Lab, guest: str) -> None:
    assert "cpu_shares" in run_virsh(lab, "schedinfo", guest)


def test_guests_outlive_their_daemon(lab: Lab, guest: str) -> None:
    pid = lab.guest_pid(guest)
    lab.kill()
    with pytest.raises(LabError, match="refused"):
        run_virsh(lab, "list")
    with pytest.raises(LabError, match="refused"):
        run_virsh(lab, "list", transport="tcp")
    lab.restart()
    assert run_virsh(lab, "list", "--name").split() == [guest]
    assert lab.guest_pid(guest) == pid


def test_a_daemon_that_was_asked_to_stop_can_be_started(lab: Lab) -> None:
    lab.stop_daemon()
    assert not lab.alive
    lab.start_daemon()
    assert run_virsh(lab, "list") == ""


def test_a_guest_that_ends_is_reaped_at_once(lab: Lab, guest: str) -> None:
    pid = lab.guest_pid(guest)
    run_virsh(lab, "destroy", guest)
    assert not Path(f"/proc/{pid}").exists()


def test_a_network_has_its_bridge_its_dnsmasq_and_its_rules(lab: Lab, tmp_path: Path) -> None:
    run_virsh(lab, "net-create", written(tmp_path, network_xml()))
    try:
        assert "virbr0" in lab.inside("ip", "-br", "link")
        assert not Path("/sys/class/net/virbr0").exists()
        assert "dnsmasq" in lab.inside("ps", "ax")
        assert "192.168.122" in lab.inside("nft", "list", "ruleset")
    finally:
        run_virsh(lab, "net-destroy", "net1")


def test_a_pool_a_volume(lab: Lab, tmp_path: Path) -> None:
    run_virsh(lab, "pool-create-as", "pool1", "dir", "--target", str(tmp_path))
    try:
        run_virsh(lab, "vol-create-as", "pool1", "v.img", "1M")
        assert (tmp_path / "v.img").stat().st_size == 1 << 20
    finally:
        run_virsh(lab, "pool-destroy", "pool1")


def test_devices_interfaces_and_filters_are_listed(lab: Lab) -> None:
    assert "net_lab1" in run_virsh(lab, "nodedev-list")
    assert "lab0" in run_virsh(lab, "iface-list", "--all")
    assert "clean-traffic" in run_virsh(lab, "nwfilter-list")


def test_a_container_starts(lab: Lab, tmp_path: Path) -> None:
    document = written(tmp_path, container_xml())
    run_virsh(lab, "create", document, driver="lxc:///system")
    assert "ct1" in run_virsh(lab, "list", driver="lxc:///system")
    run_virsh(lab, "destroy", "ct1", driver="lxc:///system")


def test_a_frozen_daemon_goes_on_when_thawed(lab: Lab) -> None:
    lab.freeze()
    assert lab.alive
    lab.thaw()
    assert run_virsh(lab, "list") == ""


def test_labs_stand_side_by_side(lab: Lab, tmp_path: Path) -> None:
    document = written(tmp_path, network_xml())
    with ExitStack() as stack:
        other = run_new_lab(stack)
        for each in (lab, other):
            run_virsh(each, "net-create", document)
        run_virsh(lab, "net-destroy", "net1")
        assert "net1" in run_virsh(other, "net-list")
        scratch, inner = other.folder, other.processes()
    assert not scratch.exists()
    assert not [pid for pid in inner if Path(f"/proc/{pid}").exists()]


def test_a_guest_moves_from_one_lab_to_another(lab: Lab, tmp_path: Path) -> None:
    run_virsh(lab, "create", written(tmp_path, guest_xml()))
    with ExitStack() as stack:
        other = run_new_lab(stack)
        run_virsh(
            *(lab, "migrate", "vm1", "--live", other.uri()),
            *("--migrateuri", f"unix://{tmp_path}/migration.sock"),
        )
        assert run_virsh(other, "list", "--name").split() == ["vm1"]
    assert run_virsh(lab, "list", "--name").split() == []


KILLED = """
import os, signal, sys
from contextlib import ExitStack
from libvirtlab.fixtures import run_new_lab
with ExitStack() as stack:
    lab = run_new_lab(stack)
    print(lab.folder.parent, *lab.processes(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.usefixtures("lab")
def test_a_test_run_that_is_killed_leaves_no_process() -> None:
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    folder, *pids = killed.stdout.split()
    for pid in pids:
        lab_ended(int(pid))
    with ExitStack() as stack:  # the next one sweeps up the files
        run_new_lab(stack)
    assert not Path(folder).exists()


def lab_ended(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], 10)[0]
    finally:
        os.close(descriptor)


LEAKY = """
import pytest
from libvirtlab import run_virsh
def test_it(lab, tmp_path):
    (tmp_path / "n.xml").write_text("<network><name>left</name></network>")
    run_virsh(lab, "net-define", str(tmp_path / "n.xml"))
    run_virsh(lab, "net-start", "left")
def test_the_next_is_clean(lab):
    assert run_virsh(lab, "net-list", "--all") == ""
"""


def test_what_a_test_leaves_in_the_daemon_fails_it(
    pytester: pytest.Pytester, pytestconfig: pytest.Config
) -> None:
    support = pytestconfig.rootpath / "tests/support"
    pytester.makeconftest((pytestconfig.rootpath / "tests/conftest.py").read_text())
    pytester.makeini(
        f"[pytest]\nasyncio_default_fixture_loop_scope = function\npythonpath = {support}"
    )
    pytester.makepyfile(LEAKY)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines("*left behind in libvirtd: active network left; network left*")
