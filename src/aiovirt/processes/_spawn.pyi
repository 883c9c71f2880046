from typing import NewType

from aiovirt.processes._steps import Step

Job = NewType("Job", object)

OPS: str

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
    orphan: bool,
    /,
) -> tuple[Job, int, int]: ...
def outcome(job: Job, ended: bool, /) -> tuple[int, int, int, int]: ...
