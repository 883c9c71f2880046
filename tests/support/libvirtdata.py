"""libvirt's own test data, fetched from Debian's sources, given to the daemon document by document.

Run as a program it says what came of it, and fails when one ended the daemon or held it up.  The
data have another licence than this project: they are fetched when they are needed, never kept here.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from daemonprocess import DaemonProcess, daemon_process

__all__ = ["fed", "fetch"]

SCRIPT = Path(__file__).parents[1] / "daemon/adversity/scripts/feed_all.py"
SYSTEM_PYTHON = "/usr/bin/python3"
SOURCES = (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*"))
STALL_S = 2.0
"""What takes longer has held up the client that asked."""

LIMIT_S = 900


def _source_lines(path: Path) -> str:
    """The same mirror as of a machine's binary packages, asked for sources."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if path.suffix == ".sources":
        return text.replace("Types: deb\n", "Types: deb-src\n")
    lines = (line for line in text.splitlines() if line.startswith("deb "))
    return "".join(f"deb-src {line.removeprefix('deb ')}\n" for line in lines)


def fetch(folder: Path) -> Path:
    """Download the source package and unpack its tests; the folder of the tests.

    Raises:
        CalledProcessError: There is no such package to be had.
    """
    tests = folder / "tests"
    if tests.exists():
        return tests
    apt = folder / "apt"
    for name in ("lists/partial", "archives/partial", "sources"):
        (apt / name).mkdir(parents=True)
    for source in SOURCES:
        if lines := _source_lines(source):
            (apt / "sources" / source.with_suffix(source.suffix or ".list").name).write_text(lines)
    settings = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": apt / "sources",
        "Dir::State::Lists": apt / "lists",
        "Dir::Cache::archives": apt / "archives",
        "Dir::Cache::srcpkgcache": "",
        "Dir::Cache::pkgcache": "",
        "APT::Sandbox::User": "root",
    }
    options = [f"-o{key}={value}" for key, value in settings.items()]
    get = ["/usr/bin/apt-get", "-qq", *options]
    subprocess.run([*get, "update"], check=True, cwd=folder)
    subprocess.run([*get, "source", "--download-only", "libvirt"], check=True, cwd=folder)
    (archive,) = folder.glob("libvirt_*.orig.tar.*z")
    unpack = ("/usr/bin/tar", "--strip-components=1", "--wildcards", "-xf", archive, "*/tests/*")
    subprocess.run(unpack, check=True, cwd=folder)
    return tests


def fed(uri: str, folder: Path) -> Iterator[dict[str, str | float]]:
    """Give all documents of a folder to a host; what came of each.

    Raises:
        AssertionError: The daemon did not live to see the last.
    """
    argv = [SYSTEM_PYTHON, str(SCRIPT), uri, str(folder)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    last = ""
    for line in done.stdout.splitlines():
        found = json.loads(line)
        last = found["file"]
        yield found
    assert not done.returncode, f"the daemon is gone after {last}: {done.stderr}"


def _report(daemon: DaemonProcess, uri: str, folder: Path) -> bool:
    came: Counter[str] = Counter()
    slow = []
    pid = daemon.pid
    for line in fed(uri, folder):
        came[str(line["came"]).partition(":")[0]] += 1
        if float(line["seconds"]) > STALL_S:
            slow.append(f"{line['file']} took {line['seconds']:.1f} s")
    sys.stdout.write(f"{uri.partition('?')[0]}: {came.total()} documents: {dict(came)}\n")
    sys.stdout.writelines(f"  {line}\n" for line in slow)
    broken = [line for line in daemon.text().splitlines() if line.startswith("Traceback")]
    sys.stdout.write(f"  unexpected errors in the log: {len(broken)}\n")
    return not slow and not broken and daemon.pid == pid


def main() -> int:
    """Feed both hosts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="where the data are, or are to be kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = arguments.data or Path(scratch, "data")
        data.mkdir(parents=True, exist_ok=True)
        tests = fetch(data)
        with daemon_process(Path(scratch, "d")) as daemon:
            well = [_report(daemon, uri, tests) for uri in (daemon.test_uri, daemon.uri)]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
