"""The project's sessions: what README names, and the gates that CI runs.

A session that needs programs of Debian's installs them when it may, and otherwise names them in
one error with the command to run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nox
from nox.command import CommandFailed

HERE = Path(__file__).parent
PROJECT = nox.project.load_toml("pyproject.toml")

# Gates that read the sources stand before those that run them: what is cheap fails first.
nox.options.sessions = ["tests", "lint", "types", "floors", "figures", "generated", "docs"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True
nox.options.stop_on_first_error = False

POLICY = Path("/usr/sbin/policy-rc.d")
"""Asked by Debian's packages whether to start a service; 101 forbids it (invoke-rc.d(8))."""

QEMU = ("qemu-system-x86", "qemu-utils")
LIBVIRT = (
    "libvirt-daemon-system",
    "libvirt-daemon-driver-qemu",
    "libvirt-daemon-driver-lxc",
    "libvirt-clients",
    "python3-libvirt",
    "libsasl2-modules",
    "sasl2-bin",
    "dnsmasq-base",
    "nftables",
    "iproute2",
    "netcat-openbsd",
    "openssh-server",
    "openssl",
    "util-linux",
)
COUNTERPARTS = (
    *QEMU,
    "qemu-system-arm",
    "qemu-guest-agent",
    "swtpm",
    "swtpm-tools",
    "passt",
    "busybox-static",
    "libvirt0",
    *LIBVIRT,
    "strace",
    "gcc",
    "libc6-dev",
    "linux-libc-dev",
    "libsasl2-modules-gssapi-mit",
    "krb5-kdc",
    "krb5-admin-server",
    "krb5-user",
    "libkrb5-dev",  # the Python library gssapi is built with it
    "dbus-daemon",
    "polkitd",
    "apparmor",
    "virtinst",
    "libsys-virt-perl",
    "golang-go",
    "golang-github-vmware-govmomi-dev",  # VMware's simulator of a vCenter, built for the tests
)

ABREAST = (
    *("--numprocesses", str((os.cpu_count() or 1) + 1)),
    *("--dist", "loadfile", "--no-loadscope-reorder"),  # tests/conftest.py puts them in order
)
"""How the whole of the tests runs: they wait for guests and daemons more than they compute."""

# Scripts that write a file of this repository from another source of truth.  Each writes with no
# argument and, with --check, fails when the file is not what it would write.
GENERATORS = (
    "tables/generate.py",
    "tables/vsphere.py",
    "tables/cpus.py",
    "docs/generate_support.py",
)


def groups(*names: str) -> list[str]:
    """Return the requirements of dependency groups."""
    return list(nox.project.dependency_groups(PROJECT, *names))


def install(session: nox.Session, *names: str, extras: str = "cli,speed,sasl") -> None:
    """Install the project as one works on it, and dependency groups."""
    session.install("--quiet", "--editable", f".[{extras}]", *groups(*names))


def missing(packages: Iterable[str]) -> list[str]:
    """Return the Debian packages that are not installed."""
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev}\t${Package}\n", *packages]
    shown = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    installed = {line.split("\t")[1] for line in shown.splitlines() if line.startswith("ii")}
    return [package for package in packages if package not in installed]


@contextmanager
def no_service_starts() -> Iterator[None]:
    """Have packages install programs without starting their services, by Debian's own hook.

    The tests start what they need themselves; a machine that has a policy keeps it.
    """
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def need(session: nox.Session, *packages: str) -> None:
    """Have Debian packages installed: by us as root, else by the reader of the error."""
    if not shutil.which("dpkg-query"):
        session.warn("this is no Debian: see to QEMU and the other programs yourself")
        return
    wanted = missing(packages)
    if not wanted:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *wanted]
    if os.geteuid():
        session.error(f"Debian packages are missing; run: sudo {' '.join(command)}")
    print(f"installing from Debian: {' '.join(wanted)} …", flush=True)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):
        with no_service_starts():
            done = subprocess.run(
                step,
                env=quietly,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            session.error(f"{' '.join(step)} failed:\n{done.stderr}")


def need_guest(session: nox.Session) -> None:
    """Have the tiny guest built; costs nothing when it is."""
    session.run("python", "-m", "aiovirt.testing.tinyguest")


def need_vcsim(session: nox.Session) -> None:
    """Have VMware's simulator built; costs nothing when it is."""
    session.run("python", "tests/support/vcsimlab/building.py", env={"PYTHONPATH": "tests/support"})


def compile_sources(session: nox.Session) -> None:
    """Write the bytecode of the sources, as an installed package has it.

    The tests start daemons and command lines by the hundred, and where PYTHONDONTWRITEBYTECODE is
    set each of them would compile the sources anew: a second of a daemon's two.
    """
    session.run("python", "-m", "compileall", "-q", "-j", "0", "src", "tests/support")


def copy_sources(folder: Path) -> None:
    """Copy what the package is built from."""
    folder.mkdir(parents=True)
    shutil.copytree(
        HERE / "src", folder / "src", ignore=shutil.ignore_patterns("*.so", "*.egg-info")
    )
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy2(HERE / name, folder)


@nox.session
def demo(session: nox.Session) -> None:
    """Boot a real guest and watch it: console, events, statistics."""
    need(session, *QEMU)
    install(session)
    need_guest(session)
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests, on asyncio, on asyncio with uvloop, and on trio; style is for `figures`."""
    need(session, *COUNTERPARTS)
    install(session, "test", extras="cli,speed,sasl,kerberos,dbus")
    compile_sources(session)
    need_guest(session)
    need_vcsim(session)
    session.run("pytest", *(session.posargs or (*ABREAST, "--ignore", "tests/style")))


@nox.session
def lint(session: nox.Session) -> None:
    """Check the sources with ruff, and their format."""
    session.install("--quiet", *groups("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with mypy and with pyright, tests included."""
    install(session, "types")
    session.run("mypy")
    session.run("pyright")


@nox.session
def floors(session: nox.Session) -> None:
    """Check that a module imports only downwards."""
    install(session, "floors")
    session.run("lint-imports", "--no-cache")  # its cache misses files that are new


@nox.session
def figures(session: nox.Session) -> None:
    """Check the lengths, the nesting, the docstrings of the sources, and print the figures."""
    install(session, "test")
    session.run("python", "tests/support/figures.py")
    session.run("pytest", "tests/style", *session.posargs)


@nox.session
def generated(session: nox.Session) -> None:
    """Check that generated files are what their generators write; `-- --write` writes them."""
    need(session, "libvirt0")  # it brings the CPU map
    install(session)
    arguments = () if "--write" in session.posargs else ("--check",)
    for script in GENERATORS:
        session.run("python", script, *arguments)


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example to its end."""
    need(session, *QEMU, "qemu-guest-agent")
    install(session)
    need_guest(session)
    for script in sorted((HERE / "examples").glob("[!_]*.py")):
        session.run("python", f"examples/{script.name}")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, with warnings as errors."""
    install(session, "docs")
    session.run("sphinx-build", "-q", "-W", "--keep-going", "docs", "docs/_build/html")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel with and without a compiler; install and start each in a clean place."""
    session.install("--quiet", "build")
    need(session, "gcc", "libc6-dev")
    for name, compiler in (("pure", "/nonexistent"), ("helper", "")):
        made = Path(session.create_tmp()) / name
        shutil.rmtree(made, ignore_errors=True)
        environment = {"CC": compiler} if compiler else {}
        copy_sources(made / "sources")  # a build in place would disturb what else runs here
        session.run(
            *("python", "-m", "build", "--outdir", str(made / "dist"), str(made / "sources")),
            env=environment,
            silent=True,
        )
        (built,) = (made / "dist").glob("*.whl")
        session.run("python", "-m", "venv", str(made / "venv"))
        python = str(made / "venv/bin/python")
        session.run(python, "-m", "pip", "install", "-q", str(built), external=True)
        version = session.run(python, "-m", "aiovirt", "--version", external=True, silent=True)
        session.log(f"{name}: {str(version).strip()}")
        session.run(python, "tests/packaging/installed.py", name, external=True)


@nox.session
def real(session: nox.Session) -> None:
    """Hold the daemon against libvirtd in full: each command of virsh, each document, 200 kills.

    Names of parts (parity, virsh, documents, killed, grammar, soak, argv, hotplug, work, vmx, esx,
    vsphere, tests) run only those.
    """
    need(session, *COUNTERPARTS)
    install(session, "test", extras="cli,speed,sasl,kerberos,dbus")
    compile_sources(session)
    need_guest(session)
    need_vcsim(session)
    parts = {
        "parity": ("python", "tests/support/parity.py"),
        "virsh": ("python", "tests/support/virshdepth.py"),
        "documents": ("python", "tests/support/libvirtdata.py"),
        "killed": ("python", "tests/support/crashoracle.py"),
        "grammar": ("python", "tests/support/grammar.py"),
        "soak": ("python", "tests/support/soak.py"),
        "argv": ("python", "tests/support/argvlikeness.py", "--starts"),
        "hotplug": ("python", "tests/support/plugrounds.py"),
        "work": ("python", "tests/support/killedwork.py"),
        "vmx": ("python", "tests/support/vmxlikeness.py"),
        "esx": ("python", "tests/support/esxlikeness.py"),
        "vsphere": ("python", "tests/support/vcsimops.py"),
        "tests": ("pytest", "tests/daemon", *ABREAST),
    }
    unknown = set(session.posargs) - parts.keys()
    if unknown:
        session.error(f"there is no such part: {', '.join(unknown)}; there are {', '.join(parts)}")
    failed = []
    for name in session.posargs or parts:
        try:
            session.run(*parts[name])
        except CommandFailed:
            failed.append(name)
    if failed:
        session.error(f"failed, or missed a bar: {', '.join(failed)}")


@nox.session
def bench(session: nox.Session) -> None:
    """Compare with the peers, print the ratios, write benchmarks/results/*.json.

    The results before these go to benchmarks/results/previous, for benchmarks/compare.py.
    """
    need(session, *COUNTERPARTS)
    install(session, "bench")
    need_guest(session)
    need_vcsim(session)
    wanted = session.posargs or [
        script.stem
        for script in sorted((HERE / "benchmarks").glob("*.py"))
        if "def measure(" in script.read_text(encoding="utf-8")
    ]
    results = HERE / "benchmarks/results"
    (results / "previous").mkdir(parents=True, exist_ok=True)
    failed = []
    for name in wanted:
        result = results / f"{name}.json"
        if result.exists():
            result.replace(results / "previous" / result.name)
        try:
            session.run("python", f"benchmarks/{name}.py", "--json", str(result))
        except CommandFailed:
            failed.append(name)
    if failed:
        session.error(f"failed, or missed a bar: {', '.join(failed)}")
