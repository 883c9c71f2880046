"""A program that tells all about its own process, for the tests of the spawner."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from aiovirt.processes import Argument, Command, Result, run
from aiovirt.processes._capabilities import mask_of, own_capabilities

CGROUPS = Path("/sys/fs/cgroup")

PROGRAM = """
import json, os, resource, sys
kept = {int(name) for name in os.listdir("/proc/self/fd")}
fds = sorted(fd for fd in kept if os.path.exists(f"/proc/self/fd/{fd}"))
mask = os.umask(0)
print(json.dumps({
    "args": sys.argv[1:], "env": dict(os.environ), "fds": fds, "cwd": os.getcwd(), "umask": mask,
    "pid": os.getpid(), "ppid": os.getppid(), "pgid": os.getpgid(0), "sid": os.getsid(0),
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": sorted(os.getgroups()),
    "nice": os.getpriority(os.PRIO_PROCESS, 0), "cpus": sorted(os.sched_getaffinity(0)),
    "oom": int(open("/proc/self/oom_score_adj").read()),
    "limits": {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name.upper()))
               for name in ("memlock", "nproc", "nofile", "core", "cpu")},
    "cgroup": open("/proc/self/cgroup").read(),
    "namespaces": {
        name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")
    },
}))
"""

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs the privileges of root")


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip where we lack a capability: root in a container may."""
    wanted = mask_of(frozenset(names))
    lacking = own_capabilities() & wanted != wanted
    return pytest.mark.skipif(lacking, reason=f"needs the capabilities {', '.join(names)}")


def new_cgroup(hierarchy: str) -> Path:
    """Make a cgroup in this hierarchy, where "unified" is also the only one of a newer host."""
    base = CGROUPS / hierarchy
    if hierarchy == "unified" and (CGROUPS / "cgroup.controllers").exists():
        base = CGROUPS
    if not os.access(base, os.W_OK):
        pytest.skip(f"{base}: no such hierarchy, or no right to make a cgroup")
    return Path(tempfile.mkdtemp(prefix="aiovirt-test-", dir=base))


def reporter(*args: Argument) -> Command:
    """Return the command that prints its report."""
    return Command(sys.executable, ("-I", "-S", "-c", PROGRAM, *args))


def report_of(result: Result) -> dict[str, Any]:
    """Read what the program printed."""
    report: dict[str, Any] = json.loads(result.stdout)
    return report


async def report(*args: Argument, **settings: Any) -> dict[str, Any]:  # noqa: ANN401  any of Command's fields
    """Run the program with settings of `Command` and return its report."""
    return report_of(await run(dataclasses.replace(reporter(*args), **settings)))


def shell(script: str, *args: Argument) -> Command:
    """Return a command that runs a shell script; its arguments are $1 and up."""
    return Command("/bin/sh", ("-c", script, "sh", *args))


async def status(**settings: Any) -> dict[str, str]:  # noqa: ANN401  any of Command's fields
    """Run a program that any user may execute, and return its /proc/self/status."""
    result = await run(Command("/bin/cat", ("/proc/self/status",), **settings))
    lines = (line.partition(":") for line in result.stdout.decode().splitlines())
    return {name: text.strip() for name, _, text in lines}
