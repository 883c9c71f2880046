"""The programs of a fake ESX host: ``main.py PROGRAM ARGUMENTS…``; the state is in $ESX_STATE."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from esxshell import disks, network, system, vim
from esxshell.state import Refusal, opened

PROGRAMS = {
    "vim-cmd": vim.run,
    "esxcli": system.run,
    "vmkfstools": disks.run,
    "vmware": system.version,
}


def held(folder: Path, program: str, words: list[str]) -> None:
    """Stand still while a test wants it: its file names the command, and is taken away again."""
    mark = folder / "hold"
    if mark.exists() and mark.read_text() in " ".join([program, *words]):
        (folder / "holding").write_text(str(os.getpid()))
        while mark.exists():
            time.sleep(0.01)


def main(program: str, words: list[str]) -> int:
    """Run a program; its exit status."""
    folder = Path(os.environ["ESX_STATE"])
    held(folder, program, words)
    with (folder / "journal").open("a") as journal:
        journal.write(" ".join([program, *words]).replace("\n", "\\n") + "\n")
    try:
        with opened(folder) as host:
            sys.stdout.write(PROGRAMS[program](host, words))
    except Refusal as refusal:
        stream = sys.stderr if refusal.to_stderr else sys.stdout
        stream.write(refusal.text + "\n")
        return refusal.status
    return 0


if __name__ == "__main__":
    network.check_tables()
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
