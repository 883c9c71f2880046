"""Check an installed wheel in its own environment: `python installed.py pure|helper`.

Not collected by pytest: the wheel session of the noxfile runs it with the clean environment's
Python, which has no pytest.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import anyio

import aiovirt
from aiovirt.processes import Command, run


async def main(kind: str) -> None:
    """Run a program with what the wheel brought."""
    assert "site-packages" in aiovirt.__file__, f"not the wheel: {aiovirt.__file__}"
    assert (Path(aiovirt.__file__).parent / "py.typed").exists(), "py.typed is missing"
    has_helper = find_spec("aiovirt.processes._spawn") is not None
    assert has_helper == (kind == "helper"), f"{kind} wheel, and the helper is {has_helper}"
    result = await run(Command("echo", ("spawned",)))
    assert result.stdout == b"spawned\n", result
    for words in (("aiovirtd", "--check"), ("aiovirt-ssh-helper", "--help")):
        program = Path(sys.executable).with_name(words[0])
        await run(Command(str(program), words[1:]))


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
