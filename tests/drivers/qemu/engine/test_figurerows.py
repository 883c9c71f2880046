"""QEMU's answers become libvirt's figures; the samples are from QEMU 7.2."""

from __future__ import annotations

from aiovirt.config import Disk, DomainConfig
from aiovirt.drivers.qemu.engine.figurerows import (
    Answers,
    _told,
    blocks,
    dirty_rate,
    iothreads,
    kvm_figures,
)
from aiovirt.model.statistics import work_figures
from aiovirt.protocols.qmp import commands as c

COUNTERS = c.BlockDeviceStats(
    rd_bytes=4096,
    wr_bytes=0,
    rd_operations=1,
    wr_operations=0,
    flush_operations=0,
    rd_total_time_ns=5,
    wr_total_time_ns=0,
    flush_total_time_ns=0,
    wr_highest_offset=77,
)


def test_what_kvm_counts_is_named_by_what_it_is() -> None:
    kinds = [
        c.StatSchema(name="exits", type="cumulative"),
        c.StatSchema(name="guest_mode", type="instant", unit="boolean"),
        c.StatSchema(name="collisions", type="peak"),
        c.StatSchema(name="halt_hist", type="log2-histogram"),
    ]
    stats = [
        c.Stat(name="exits", value=7),
        c.Stat(name="guest_mode", value=True),
        c.Stat(name="collisions", value=2),
        c.Stat(name="halt_hist", value=[1, 2]),
        c.Stat(name="unheard-of", value=1),
    ]
    answers = Answers(
        paths={"/cpu1": 1},
        counted={
            "vcpu": [c.StatsOfOne(provider="kvm", stats=stats, qom_path="/cpu1")],
            "vm": [c.StatsOfOne(provider="kvm", stats=stats[:1])],
        },
        schemas=[
            c.StatsSchema(provider="kvm", target=each, stats=kinds) for each in ("vm", "vcpu")
        ],
    )
    assert dict(kvm_figures(answers, "vcpu")) == {
        "vcpu.1.exits.sum": 7,
        "vcpu.1.guest_mode.cur": True,
        "vcpu.1.collisions.max": 2,
    }
    assert dict(kvm_figures(answers, "vm")) == {"vm.exits.sum": 7}


def test_what_a_guest_does_not_tell_of_its_memory_is_left_out() -> None:
    stats = {"stat-swap-in": 0, "stat-free-memory": 4096, "stat-swap-out": -1}
    told = _told({"stats": {**stats, "stat-htlb-pgfail": 2**64 - 1}, "last-update": 9})
    assert told == {"swap_in": 0, "unused": 4096, "last_update_s": 9}
    assert _told("nonsense") == {}


def test_the_images_behind_a_disk_follow_it() -> None:
    disk = Disk.file("/top.qcow2", target="vda")
    disk.alias = "virtio-disk0"
    base = c.ImageInfo(filename="/base.img", format="raw", virtual_size=50, actual_size=3)
    image = c.ImageInfo(
        filename="/top.qcow2", format="qcow2", virtual_size=99, actual_size=4, backing_image=base
    )
    node = c.BlockNode(
        file="/top.qcow2",
        ro=False,
        drv="qcow2",
        encrypted=False,
        detect_zeroes="off",
        image=image,
        backing_file_depth=1,
    )
    path = "/machine/peripheral/virtio-disk0/virtio-backend"
    device = c.BlockDevice(
        device="", type="x", removable=False, locked=False, qdev=path, inserted=node
    )
    answers = Answers(
        blocks=[
            c.BlockStats(qdev=path, stats=COUNTERS, backing=c.BlockStats(stats=COUNTERS)),
        ],
        devices=[device],
    )
    config = DomainConfig(name="web1", disks=[disk])
    alone = next(iter(blocks(config, answers) or ()))
    top, behind = list(blocks(config, answers, backing=True) or ())[:2]
    assert top == alone
    assert (top.path, top.rd_bytes, top.capacity, top.physical) == ("/top.qcow2", 4096, 99, 4)
    assert (behind.name, behind.path, behind.capacity) == ("vda", "/base.img", 50)
    assert (behind.rd_bytes, behind.allocation, behind.physical) == (None, 77, 3)


def test_io_threads_and_the_dirty_rate_have_libvirts_names() -> None:
    thread = c.IOThreadInfo(
        id="iothread2", thread_id=9, poll_max_ns=32768, poll_grow=0, poll_shrink=1
    )
    rate = c.DirtyRate(
        status="measured",
        start_time=5,
        calc_time=1,
        mode="dirty-ring",
        dirty_rate=12,
        vcpu_dirty_rate=[c.VcpuDirtyRate(id=0, dirty_rate=4)],
    )
    assert dict(work_figures(iothreads([thread]), dirty_rate(rate))) == {
        "iothread.count": 1,
        "iothread.2.poll-max-ns": 32768,
        "iothread.2.poll-grow": 0,
        "iothread.2.poll-shrink": 1,
        "dirtyrate.calc_status": 2,
        "dirtyrate.calc_start_time": 5,
        "dirtyrate.calc_period": 1,
        "dirtyrate.calc_mode": "dirty-ring",
        "dirtyrate.megabytes_per_second": 12,
        "dirtyrate.vcpu.0.megabytes_per_second": 4,
    }
