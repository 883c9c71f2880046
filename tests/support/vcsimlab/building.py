"""Builds VMware's simulator out of Debian's packages, once for all runs of the tests.

What is built lies in the user's cache folder, under a name that changes with its sources.  Several
test processes may ask at once: one builds, the others wait for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import counterparts

__all__ = ["build"]

SOURCES = Path(__file__).with_name("vcsim")
LIBRARIES = Path("/usr/share/gocode")
"""Where Debian's packages of Go libraries lay their sources."""
GOVMOMI = "src/github.com/vmware/govmomi/simulator"
LIMIT_S = 600
"""Half a minute is usual; several times that on a busy machine."""


def build() -> Path:
    """Return the simulator's program; end the test when it cannot be had here."""
    go = counterparts.program("go")
    if not (LIBRARIES / GOVMOMI).exists():
        name = "govmomi, VMware's simulator"
        counterparts.absent(name, counterparts.PACKAGES[name])
    program = _cache() / _recipe(go) / "vcsim"
    with _locked(program.parent):
        if not program.exists():
            _compile(go, program)
    return program


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aiovirt" / "vcsim"


def _recipe(go: Path) -> str:
    """Return a name that changes with our sources, with the compiler, with the library."""
    stamp = (LIBRARIES / GOVMOMI / "simulator.go").stat().st_mtime_ns
    digest = hashlib.sha256(f"{go.resolve()} {stamp}".encode())
    for source in sorted(SOURCES.glob("*.go")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(go: Path, program: Path) -> None:
    """Build in a scratch folder, and put the program in place by a rename."""
    with tempfile.TemporaryDirectory(prefix=".build-", dir=program.parent) as scratch:
        work = Path(scratch)
        sources = work / "src/vcsim"
        shutil.copytree(SOURCES, sources)
        settings = {
            "GO111MODULE": "off",  # Debian's libraries are found by GOPATH
            "GOPATH": f"{work}:{LIBRARIES}",
            "GOPROXY": "off",
            "GOFLAGS": "",
            "GOCACHE": str(work / "cache"),
            "CGO_ENABLED": "0",
        }
        made = work / "vcsim"
        done = subprocess.run(
            [str(go), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(made), "."],
            cwd=sources,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert not done.returncode, f"VMware's simulator cannot be built: {done.stderr}"
        made.rename(program)


if __name__ == "__main__":
    build()  # ahead of the tests, whose limit of time does not count it then
