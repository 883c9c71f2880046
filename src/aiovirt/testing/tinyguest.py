"""Build a small Linux guest from Debian's packages: it boots under plain emulation in seconds.

    guest = build()
    qemu-system-x86_64 -kernel {guest.kernel} -initrd {guest.initrd} -append {guest.cmdline}

The kernel is Debian's cloud kernel, downloaded and unpacked but not installed; the root is
busybox in an initramfs.  The guest shows `BANNER` and a shell without login on its serial port,
on its virtio console and on its screen, asks for an address by DHCP, and turns itself off when
its power button is pressed.  Nothing here needs root.

This is a tool that runs before guests do: it blocks, and must not be called on an event loop.
It knows no hypervisor.

    python -m aiovirt.testing.tinyguest         builds it and prints where it is
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiovirt.errors import HostError, ResourceUnavailable
from aiovirt.testing._cpio import Entry, archive, regular
from aiovirt.testing._guest_files import BANNER, FILES, MODULES

__all__ = ["BANNER", "TinyGuest", "build", "cache_folder"]

CMDLINE = (
    "console=tty0 console=ttyS0 quiet panic=-1 "
    # Each of these saves start-up time under emulation.
    "nokaslr mitigations=off random.trust_cpu=on cryptomgr.notests no_timer_check "
    # microvm has no timer to measure the delay loop by, and its ACPI reset does nothing: without
    # these the guest hangs there, when it starts and when it reboots.
    "lpj=10000000 reboot=t"
)
"""The kernel's command line: the last console is the one that init's own messages go to."""

_METAPACKAGE = "linux-image-cloud-amd64"
_BUSYBOX = "busybox-static"
_COMMAND_LIMIT_S = 300  # a download of 27 MB over a slow line; anything longer is stuck

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TinyGuest:
    """A guest ready to boot by its kernel.

    Attributes:
        kernel: The kernel image.
        initrd: The initramfs, which is the whole root.
        cmdline: What the kernel wants on its command line; may be added to.
    """

    kernel: Path
    initrd: Path
    cmdline: str = CMDLINE

    @property
    def microvm_cmdline(self) -> str:
        """The command line for machine type microvm under emulation, where it needs more.

        With ACPI that machine has no clock to measure the processor's by, and measuring fails
        now and then: the guest then hangs.  So the kernel is told this host's clock rate.
        """
        rate = _clock_rate_khz(Path("/proc/cpuinfo").read_text())
        return f"{self.cmdline} tsc_early_khz={rate}" if rate else self.cmdline


def _clock_rate_khz(cpuinfo: str) -> int | None:
    """Return the first processor's rate from the text of /proc/cpuinfo, None when not told."""
    found = re.search(r"^cpu MHz\s*:\s*([0-9.]+)", cpuinfo, re.MULTILINE)
    return round(float(found[1]) * 1000) if found else None


def cache_folder() -> Path:
    """Return the folder that built guests are kept in, one subfolder a recipe."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aiovirt" / "tinyguest"


def build(*, refresh: bool = False, report: Report | None = None) -> TinyGuest:
    """Return the guest, building it when this recipe was not built before.

    Several processes may call this at once: one builds, the others wait for it.  A build that
    is interrupted leaves nothing that a later one could take for a guest.

    Args:
        refresh: Build anew, with the newest kernel that apt knows.
        report: Called with a line for each step of a build; never called for a cached guest.

    Raises:
        ResourceUnavailable: Not Debian on x86-64, or no package source, or no network.
        HostError: A tool of Debian's failed; the message carries its own words.
    """
    target = cache_folder() / _recipe()
    guest = TinyGuest(target / "vmlinuz", target / "initrd.img")
    if guest.initrd.exists() and not refresh:
        return guest
    _require_debian()
    with _locked(target.parent):
        if refresh or not guest.initrd.exists():
            _build_into(target, report or (lambda _line: None))
    return guest


def _recipe() -> str:
    """Return a name that changes with whatever the built image depends on here."""
    text = repr((FILES, MODULES, platform.machine()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _require_debian() -> None:
    if platform.machine() != "x86_64":
        raise ResourceUnavailable(
            f"the tiny guest is built for x86_64, and this machine is {platform.machine()}"
        )
    missing = [tool for tool in ("apt-get", "apt-cache", "dpkg-deb") if not shutil.which(tool)]
    if missing:
        raise ResourceUnavailable(
            f"the tiny guest is built from Debian's packages, and {missing[0]} is not here",
            hint="on other systems give a kernel and an initramfs of your own",
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build_into(target: Path, report: Report) -> None:
    """Build beside the target, then put it in place by a rename."""
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target.parent) as scratch:
        work = Path(scratch)
        unpacked = _unpacked_packages(work, report)
        (kernel,) = (unpacked / "boot").glob("vmlinuz-*")
        made = work / "made"
        made.mkdir()
        shutil.copyfile(kernel, made / "vmlinuz")
        report("writing the initramfs")
        version = kernel.name.removeprefix("vmlinuz-")
        image = gzip.compress(archive(_root_entries(unpacked, version)), mtime=0)
        (made / "initrd.img").write_bytes(image)
        _replace_folder(made, target, work / "old")


def _replace_folder(new: Path, target: Path, old: Path) -> None:
    for file in (*new.iterdir(), new):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    if target.exists():
        target.rename(old)
    new.rename(target)


def _unpacked_packages(work: Path, report: Report) -> Path:
    """Download the kernel and busybox, and unpack them into one folder."""
    kernel = _kernel_package()
    report(f"downloading {kernel} and {_BUSYBOX}")
    # As root apt warns that its own user cannot enter the folder; both may as well be root.
    _run("apt-get", "-o", "APT::Sandbox::User=", "download", kernel, _BUSYBOX, folder=work)
    unpacked = work / "unpacked"
    for package in sorted(work.glob("*.deb")):
        report(f"unpacking {package.name}")
        _run("dpkg-deb", "-x", str(package), str(unpacked), folder=work)
    return unpacked


def _kernel_package() -> str:
    """Return the package that the metapackage of the newest cloud kernel stands for."""
    for line in _run("apt-cache", "depends", _METAPACKAGE).splitlines():
        relation, _, package = line.strip().partition(": ")
        if relation == "Depends" and package.startswith("linux-image-"):
            return package
    raise ResourceUnavailable(
        f"apt knows no package {_METAPACKAGE}",
        hint="run apt-get update, and check that a Debian archive is among apt's sources",
    )


def _root_entries(unpacked: Path, version: str) -> list[Entry]:
    """Return the guest's root: busybox, our scripts, the modules and their index."""
    modules = Path("lib/modules") / version
    (busybox,) = (path for path in unpacked.glob("**/bin/busybox") if path.is_file())
    _run(str(busybox), "depmod", "-b", str(unpacked), version)
    index = (unpacked / modules / "modules.dep").read_text()
    entries = [regular("bin/busybox", busybox.read_bytes(), executable=True)]
    entries += [regular(path, text.encode(), executable=x) for path, (text, x) in FILES.items()]
    for name, lines in (("modules.dep", index), ("modules.alias", ""), ("modules.symbols", "")):
        entries.append(regular(str(modules / name), lines.encode()))
    for path in modules_needed(index, MODULES):
        entries.append(regular(str(modules / path), (unpacked / modules / path).read_bytes()))
    return entries


def modules_needed(index: str, wanted: tuple[str, ...]) -> list[str]:
    """Return the paths of the wanted modules and of all they depend on, each once.

    Args:
        index: The text of modules.dep: `path: path …` a line, the dependencies transitive.
        wanted: Names of module files without their endings.  One that the index does not have
            is left out: the kernel has it built in, or has no such device.
    """
    needed: dict[str, None] = {}
    for line in index.splitlines():
        path, _, dependencies = line.partition(":")
        if path.rpartition("/")[2].partition(".")[0] in wanted:
            needed |= dict.fromkeys((path, *dependencies.split()))
    return list(needed)


def _run(*command: str, folder: Path | None = None) -> str:
    """Run one tool to its end and return its output, or say what it said when it failed."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
            timeout=_COMMAND_LIMIT_S,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip() or error.stdout.strip() or f"status {error.returncode}"
        raise HostError(
            f"{' '.join(command[:4])} failed: {said.splitlines()[-1]}",
            hint="apt's package lists may be old or absent: run apt-get update",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise HostError(
            f"{' '.join(command[:4])} did not end within {_COMMAND_LIMIT_S} s"
        ) from error
    return done.stdout


def main() -> int:
    """Build the guest and print the paths and the command line, one `name=value` a line."""
    guest = build(refresh="--refresh" in sys.argv[1:], report=_say)
    for name in ("kernel", "initrd", "cmdline"):
        _say(f"{name}={getattr(guest, name)}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
