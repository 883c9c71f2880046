"""What makes a libvirtd ask for SASL, and the one user that it knows.

Cyrus SASL reads the configuration named as the service, in the folder that SASL_CONF_PATH names.
libvirtd offers on plain TCP only what encrypts, which here is DIGEST-MD5.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import cyrus

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
    cyrus.write_config(folder, " ".join(MECHANISMS), service="libvirt")
    cyrus.add_user(folder, USER, PASSWORD, realm=hostname)
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
