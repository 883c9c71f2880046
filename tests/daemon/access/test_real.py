"""The real virsh against the real daemon: certificates, passwords, polkit, Kerberos, rules."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import counterparts
import pytest
from daemonprocess import DaemonProcess, Value, daemon_process
from kerberos import Realm
from libvirtlab import pki
from polkits import real_polkit
from ports import reserved_port

from aiovirt.daemon.access.passwords import set_password
from aiovirt.model.credentials import Secret

pytestmark = pytest.mark.real

TEST_ONLY: Mapping[str, Value] = {"qemu": False, "default": "test:///default"}
AS_NOBODY = ("--reuid=65534", "--regid=65534", "--clear-groups")

RULES = """
polkit.addRule(function(action, subject) {
  if (subject.user != "nobody") return polkit.Result.NOT_HANDLED;
  if (action.id == "org.libvirt.unix.manage") return polkit.Result.YES;
  if (action.id == "org.libvirt.unix.monitor") return polkit.Result.NO;
  if (action.id == "org.libvirt.api.domain.suspend")
    return action.lookup("domain_name") == "test" ? polkit.Result.YES : polkit.Result.NO;
});
"""

POLICY = """
[[rule]]
who = ["x509:CN=client"]
allow = ["*:read", "*:getattr", "connect:search_*"]

[[rule]]
who = ["x509:CN=client"]
allow = ["domain:*"]
deny = ["domain:delete"]
on = { domain = ["te*"] }
"""


def virsh(
    uri: str, *words: str, prefix: Sequence[str] = (), environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one; nobody answers its questions."""
    program = str(counterparts.program("virsh"))
    return subprocess.run(
        [*prefix, program, "--quiet", "--connect", uri, *words],
        env={**os.environ, "LC_ALL": "C", **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def port() -> Iterator[int]:
    """Return a port for the daemon."""
    with reserved_port() as reserved:
        yield reserved


def test_certificates_and_rules(tmp_path: Path, port: int) -> None:
    counterparts.program("openssl")
    pki.make_pki(tmp_path / "pki")
    (tmp_path / "policy.toml").write_text(POLICY)
    own = tmp_path / "pki/server"
    tls: dict[str, Value] = {"listen": True, "address": "localhost", "port": port}
    tls |= {"ca_certificate": own / "cacert.pem"}
    tls |= {"certificate": own / "servercert.pem", "key": own / "serverkey.pem"}
    access = {"policy": tmp_path / "policy.toml"}
    uri = f"test+tls://localhost:{port}/default?pkipath={tmp_path}/pki/client"
    with daemon_process(tmp_path / "d", hosts=TEST_ONLY, tls=tls, access=access) as daemon:
        assert "test" in virsh(uri, "list").stdout
        assert virsh(uri, "suspend", "test").returncode == 0
        assert "may not do domain:delete on test" in virsh(uri, "undefine", "test").stderr
        assert "may not do network:stop" in virsh(uri, "net-destroy", "default").stderr
        log = daemon.text()
    assert 'user="CN=client"' in log
    assert "operation=DOMAIN_SUSPEND object=domain name=test" in log
    assert "outcome=denied" in log


@contextmanager
def with_users(folder: Path) -> Iterator[DaemonProcess]:
    set_password(folder / "passwords", "bob", Secret("open sesame"), mechanisms=("SCRAM-SHA-256",))
    access: dict[str, Value] = {"auth_unix_rw": "sasl", "sasl_passwords": folder / "passwords"}
    access |= {"sasl_mechanisms": ["SCRAM-SHA-256", "PLAIN"]}
    with daemon_process(folder / "d", hosts=TEST_ONLY, access=access) as daemon:
        yield daemon


def auth_file(folder: Path, name: str, password: str) -> Mapping[str, str]:
    path = folder / f"{name}-auth.conf"
    lines = ["[credentials-x]", f"authname={name}", f"password={password}"]
    path.write_text("\n".join([*lines, "[auth-libvirt-default]", "credentials=x", ""]))
    return {"LIBVIRT_AUTH_FILE": str(path)}


def test_passwords(tmp_path: Path) -> None:
    with with_users(tmp_path) as daemon:
        good = auth_file(tmp_path, "bob", "open sesame")
        assert "test" in virsh(daemon.test_uri, "list", environ=good).stdout
        for name, password in (("bob", "wrong"), ("eve", "open sesame")):
            bad = auth_file(tmp_path, name, password)
            assert "authentication failed" in virsh(daemon.test_uri, "list", environ=bad).stderr
        log = daemon.text()
    assert "has proved to be 'bob' by SCRAM-SHA-256" in log
    assert "open sesame" not in log


def test_polkit(tmp_path: Path) -> None:
    nobody = (str(counterparts.program("setpriv")), *AS_NOBODY)
    home = {"HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"}
    access: dict[str, Value] = {"auth_unix_rw": "polkit", "auth_unix_ro": "polkit"}
    access |= {"unix_rw_mode": 0o666, "polkit_objects": True}
    with (
        real_polkit(RULES) as polkit,
        tempfile.TemporaryDirectory(prefix="aiovirt-sockets-") as sockets,
    ):
        Path(sockets).chmod(0o755)
        settings = {"hosts": TEST_ONLY, "access": access, "sockets": {"folder": sockets}}
        environ = {"DBUS_SYSTEM_BUS_ADDRESS": polkit.address}
        with DaemonProcess(tmp_path / "d", settings, environment=environ) as daemon:
            daemon.start()
            uri = f"test+unix:///default?socket={sockets}/aiovirt-sock"
            reading = f"test+unix:///default?socket={sockets}/aiovirt-sock-ro"
            assert "test" in virsh(uri, "list", prefix=nobody, environ=home).stdout
            assert virsh(uri, "suspend", "test", prefix=nobody, environ=home).returncode == 0
            refused = virsh(uri, "destroy", "test", prefix=nobody, environ=home).stderr
            assert "nobody may not do domain:stop on test" in refused
            refused = virsh(reading, "list", prefix=nobody, environ=home).stderr
            assert "polkit does not let nobody" in refused
            assert virsh(uri, "destroy", "test").returncode == 0, "root needs no leave"


def test_kerberos_over_an_open_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    counterparts.sasl_mechanism("libgssapiv2", "mechanism GSSAPI of Cyrus SASL")
    (tmp_path / "realm").mkdir()
    (tmp_path / "policy.toml").write_text('[[rule]]\nwho = ["sasl:tim@LAB"]\nallow = ["*"]\n')
    with Realm.entered(tmp_path / "realm", monkeypatch) as realm:
        realm.add_service("libvirt", "localhost")
        keytab = tmp_path / "realm/keytab"
        access: dict[str, Value] = {"sasl_mechanisms": ["GSSAPI"], "kerberos_keytab": keytab}
        access |= {"policy": tmp_path / "policy.toml"}
        tcp: dict[str, Value] = {"listen": True, "address": "localhost", "port": port}
        uri = f"test+tcp://localhost:{port}/default"
        with daemon_process(tmp_path / "d", hosts=TEST_ONLY, tcp=tcp, access=access) as daemon:
            done = virsh(uri, "list")
            assert "test" in done.stdout, done.stderr + daemon.text()
            assert virsh(uri, "suspend", "test").returncode == 0
            realm.run("kdestroy")
            assert virsh(uri, "list").returncode
