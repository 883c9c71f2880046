"""The programs of a fake ESX host: ``main.py PROGRAM ARGUMENTS…``; the state is in $ESX_STATE."""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from esxshell.state import Refusal, opened, put

PROGRAMS = {
    "vim-cmd": ("vim", "run"),
    "esxcli": ("system", "run"),
    "vmkfstools": ("disks", "run"),
    "vmware": ("system", "version"),
}
"""The module of each, and its function: a command loads no more than it needs, to be quick."""


def held(folder: Path, program: str, words: list[str]) -> None:
    """Stand still while a test wants it: its file names the command, and is taken away again."""
    mark = folder / "hold"
    try:
        wanted = mark.read_text()
    except FileNotFoundError:
        return
    if wanted in " ".join([program, *words]):
        put(folder / "holding", str(os.getpid()))
        while mark.exists():
            time.sleep(0.01)


def main(program: str, words: list[str]) -> int:
    """Run a program; its exit status."""
    folder = Path(os.environ["ESX_STATE"])
    held(folder, program, words)
    with (folder / "journal").open("a") as journal:
        journal.write(" ".join([program, *words]).replace("\n", "\\n") + "\n")
    module, function = PROGRAMS[program]
    run = getattr(import_module(f"esxshell.{module}"), function)
    try:
        with opened(folder) as host:
            sys.stdout.write(run(host, words))
    except Refusal as refusal:
        stream = sys.stderr if refusal.to_stderr else sys.stdout
        stream.write(refusal.text + "\n")
        return refusal.status
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
