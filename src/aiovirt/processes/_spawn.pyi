"""What the C helper offers; `_twin` offers the same in Python."""

from typing import NewType

from aiovirt.processes._steps import Step

Job = NewType("Job", object)

OPS: tuple[str, ...]

def spawn(
    steps: tuple[Step, ...],
    path: bytes,
    argv: tuple[bytes, ...],
    env: tuple[bytes, ...] | None,
    flags: int,
    cgroup: int,
    /,
) -> tuple[int, int, int, int]: ...
def spawn_detached(
    steps: tuple[Step, ...],
    path: bytes,
    argv: tuple[bytes, ...],
    env: tuple[bytes, ...],
    flags: int,
    cgroup: int,
    orphan: bool,  # noqa: FBT001  the last of seven positional arguments of a C function
    /,
) -> tuple[Job, int, int]: ...
def outcome(job: Job, /) -> tuple[int, int, int, int]: ...
def release(job: Job, /) -> None: ...
