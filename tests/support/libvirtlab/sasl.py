"""What makes a libvirtd ask for SASL, and the one user that it knows.

Cyrus SASL reads the configuration named as the service, in the folder that SASL_CONF_PATH names.
libvirtd offers on plain TCP only what encrypts, which here is DIGEST-MD5.
"""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import counterparts

__all__ = ["PASSWORD", "USER", "write_all"]

USER = "bob"
PASSWORD = "open sesame"
MECHANISMS = ("scram-sha-512", "scram-sha-256", "scram-sha-1", "digest-md5", "plain")


def write_all(folder: Path, hostname: str) -> None:
    """Write the configuration, the user's entry, and the client's auth.conf.

    Args:
        folder: Where; `libvirt.conf` there is read by name.
        hostname: The daemon's, which is the realm that a bare user name belongs to.
    """
    folder.mkdir(exist_ok=True)
    database = folder / "passwd.db"
    (folder / "libvirt.conf").write_text(
        f"mech_list: {' '.join(MECHANISMS)}\nsasldb_path: {database}\n", encoding="ascii"
    )
    program = str(counterparts.program("saslpasswd2"))
    subprocess.run(
        [program, "-p", "-c", "-f", str(database), "-a", "libvirt", "-u", hostname, USER],
        input=PASSWORD,
        text=True,
        check=True,
        capture_output=True,
    )
    (folder / "auth.conf").write_text(
        textwrap.dedent(f"""\
            [credentials-lab]
            authname={USER}
            password={PASSWORD}
            [auth-libvirt-default]
            credentials=lab
            """),
        encoding="ascii",
    )
