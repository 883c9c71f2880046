"""Every key that an administrator can set, with its default; `Settings()` alone is a sane daemon.

The texts here are what ``aiovirtd --print-config`` prints.  A path that is None is chosen by what
the daemon is: that of the host, or that of a user's session.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from aiovirt.daemon.settings.fields import About

__all__ = [
    "AccessSettings",
    "HostSettings",
    "KeepaliveSettings",
    "LimitSettings",
    "LogSettings",
    "Settings",
    "SocketSettings",
    "StateSettings",
    "TcpSettings",
    "TlsSettings",
]

MiB = 1024 * 1024
HIGHEST_PORT = 65535
LONGEST_S = 7 * 24 * 3600
MOST_CLIENTS = 1_000_000
ALL_BITS = 0o777


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What the daemon serves: the drivers that clients may open, and by which URI."""

    qemu: Annotated[
        bool,
        About("Serve QEMU and KVM: qemu:///system, or qemu:///session for a daemon of a user."),
    ] = True
    qemu_user: Annotated[
        str | None,
        About(
            "The account that QEMU runs as; only a daemon that runs as root can choose.",
            example="libvirt-qemu",
        ),
    ] = None
    qemu_group: Annotated[
        str | None,
        About("The group that QEMU runs as, in place of its account's own.", example="kvm"),
    ] = None
    qemu_relabel: Annotated[
        bool,
        About(
            "Give a guest's files to QEMU's account while it runs, and back to their owners after. "
            "A <seclabel model='dac' relabel='no'/> of a guest or a disk forbids it."
        ),
    ] = True
    qemu_confined: Annotated[
        bool,
        About(
            "Confine guests of which nothing is said by the host's SELinux or AppArmor. A "
            "<seclabel> of a guest goes before this."
        ),
    ] = True
    qemu_namespaces: Annotated[
        bool,
        About("Give each guest a /dev of its own, with what it needs and no more. Needs root."),
    ] = False
    qemu_max_core: Annotated[
        int | None,
        About(
            "Bytes of a core dump of QEMU, -1 for no limit; unset, the daemon's own limit.",
            example=-1,
        ),
    ] = None
    qemu_oom_score: Annotated[
        int | None,
        About(
            "How willingly the kernel ends QEMU when memory is short: -1000 (never) to 1000; "
            "unset, as the daemon.",
            example=-200,
        ),
    ] = None
    migration_ports: Annotated[
        str | None,
        About(
            "TCP ports where guests of QEMU that come from other hosts are awaited. By default "
            "49152-49215.",
            example="49152-49215",
        ),
    ] = None
    migration_host: Annotated[
        str | None,
        About(
            "The name or address by which other hosts reach this one to move guests here. "
            "By default the host's name.",
            example="host1.example.org",
        ),
    ] = None
    migration_tls: Annotated[
        Path | None,
        About(
            "The folder of the certificates for moves that are encrypted by QEMU (--tls): "
            "ca-cert.pem, server-cert.pem, server-key.pem, client-cert.pem, client-key.pem.",
            example="/etc/pki/qemu",
        ),
    ] = None
    save_image_format: Annotated[
        str | None,
        About(
            "How saved guests of QEMU are compressed whose files' names do not say it: gzip, "
            "bzip2, xz, lzop or zstd, by the program of that name. By default not at all.",
            example="zstd",
        ),
    ] = None
    dump_image_format: Annotated[
        str | None,
        About(
            "How dumps of QEMU guests in the format elf are compressed whose files' names do not "
            "say it, as save_image_format. By default not at all.",
            example="zstd",
        ),
    ] = None
    backup_tls: Annotated[
        Path | None,
        About(
            "The folder of the certificates for pull backups that are encrypted: ca-cert.pem, "
            "server-cert.pem, server-key.pem. By default /etc/pki/libvirt-backup.",
            example="/etc/pki/libvirt-backup",
        ),
    ] = None
    test: Annotated[
        bool,
        About("Serve test:///default, a host in memory for trying things out. It touches nothing."),
    ] = True
    test_folder: Annotated[
        Path | None,
        About(
            "Serve test:///PATH for files in this folder, and below it.",
            example="/etc/aiovirt/testhosts",
        ),
    ] = None
    remote: Annotated[
        tuple[str, ...],
        About(
            "URIs of other hosts to serve: vpx:// and esx:// of VMware, esx+ssh://. The daemon "
            "opens them by its own credentials, which all its clients then use: those of "
            "libvirt's auth file."
        ),
    ] = ()
    default: Annotated[
        str | None,
        About(
            "The URI that a client gets which names none. By default QEMU's where that is served.",
            example="test:///default",
        ),
    ] = None
    autostart: Annotated[
        tuple[str, ...],
        About(
            "Drivers that are opened with the daemon, so that guests which start with the host do; "
            "others are opened when the first client asks for them."
        ),
    ] = ("qemu",)


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """The Unix sockets. Their owner, group and modes are in [access]."""

    unix: Annotated[
        bool, About("Make Unix sockets. Sockets that systemd hands over are served in any case.")
    ] = True
    folder: Annotated[
        Path | None,
        About(
            "Where they are. By default /run/aiovirt, and $XDG_RUNTIME_DIR/aiovirt for a user.",
            example="/run/aiovirt",
        ),
    ] = None
    libvirt_names: Annotated[
        bool,
        About(
            "Use libvirt's own paths (/run/libvirt/libvirt-sock and so on; for a user, "
            "$XDG_RUNTIME_DIR/libvirt), so that plain `virsh -c qemu:///system` finds this daemon. "
            "Not beside a libvirtd or virtqemud that runs."
        ),
    ] = False
    admin: Annotated[bool, About("Make the socket for virt-admin.")] = True


@dataclass(frozen=True, slots=True)
class TcpSettings:
    """Plain TCP: nothing is encrypted. For networks that you trust, and for testing."""

    listen: Annotated[bool, About("Listen for clients.")] = False
    address: Annotated[str, About("The name or address to listen at; empty for all.")] = "localhost"
    port: Annotated[int, About("The port; 0 lets the host choose.", least=0, most=HIGHEST_PORT)] = (
        16509
    )


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """TLS; clients show a certificate. [access] says whose are taken."""

    listen: Annotated[bool, About("Listen for clients.")] = False
    address: Annotated[str, About("The name or address to listen at; empty for all.")] = ""
    port: Annotated[int, About("The port; 0 lets the host choose.", least=0, most=HIGHEST_PORT)] = (
        16514
    )
    ca_certificate: Annotated[
        Path, About("The certificate of the authority that signed the clients'.")
    ] = Path("/etc/pki/CA/cacert.pem")
    revocation_list: Annotated[
        Path | None,
        About("Certificates that are not taken any more.", example="/etc/pki/CA/cacrl.pem"),
    ] = None
    certificate: Annotated[Path, About("This daemon's certificate.")] = Path(
        "/etc/pki/libvirt/servercert.pem"
    )
    key: Annotated[Path, About("Its private key.")] = Path("/etc/pki/libvirt/private/serverkey.pem")
    verify_clients: Annotated[
        bool,
        About(
            "Take only clients that show a certificate. Without, let them authenticate: auth_tls."
        ),
    ] = True
    handshake_timeout_s: Annotated[
        float, About("Seconds that a client has for the handshake.", least=0.1, most=LONGEST_S)
    ] = 10.0


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who gets in, and who may do what."""

    unix_group: Annotated[
        str | None,
        About(
            "The group that the sockets belong to: its members control all guests, "
            "which on most hosts makes them as powerful as root.",
            example="libvirt",
        ),
    ] = None
    unix_rw_mode: Annotated[
        int, About("The mode of the read-write socket.", least=0, most=ALL_BITS, octal=True)
    ] = 0o660
    unix_ro_mode: Annotated[
        int, About("The mode of the read-only socket.", least=0, most=ALL_BITS, octal=True)
    ] = 0o666
    unix_admin_mode: Annotated[
        int, About("The mode of the admin socket.", least=0, most=ALL_BITS, octal=True)
    ] = 0o600
    auth_unix_rw: Annotated[
        Literal["none", "polkit", "sasl"],
        About(
            "How clients of the read-write socket authenticate. With none, the socket's mode and "
            "group decide; with polkit, let everybody connect: unix_rw_mode = 0o666."
        ),
    ] = "none"
    auth_unix_ro: Annotated[
        Literal["none", "polkit", "sasl"],
        About("How clients of the read-only socket authenticate."),
    ] = "none"
    auth_tcp: Annotated[
        Literal["none", "sasl"], About("How clients authenticate that come by plain TCP.")
    ] = "sasl"
    auth_tls: Annotated[
        Literal["none", "sasl"],
        About("How clients authenticate that come by TLS, besides their certificate."),
    ] = "none"
    policy: Annotated[
        Path | None,
        About(
            "The file of rules: who may do what with which objects. Without it, local clients that "
            "were let in may do all, and remote ones nothing.",
            example="/etc/aiovirt/policy.toml",
        ),
    ] = None
    polkit_objects: Annotated[
        bool,
        About("Ask polkit for every operation, too (org.libvirt.api.domain.start and the like)."),
    ] = False
    polkit_timeout_s: Annotated[
        float,
        About("Seconds that polkit has, with a person who types a password.", least=1, most=3600),
    ] = 60.0
    sasl_passwords: Annotated[
        Path | None,
        About(
            "The file of SASL users; `aiovirtd --sasl-user NAME` writes it.",
            example="/etc/aiovirt/passwords",
        ),
    ] = None
    sasl_mechanisms: Annotated[
        tuple[str, ...], About("The SASL mechanisms that are offered, the best one first.")
    ] = ("SCRAM-SHA-256", "EXTERNAL")
    sasl_unencrypted: Annotated[
        bool,
        About(
            "Let SASL users in by plain TCP with mechanisms that do not encrypt what follows. "
            "Everybody on the way can then read and change it."
        ),
    ] = False
    kerberos_keytab: Annotated[
        Path | None,
        About("The keys of this service, for the mechanism GSSAPI.", example="/etc/krb5.keytab"),
    ] = None
    tls_allowed_names: Annotated[
        tuple[str, ...],
        About(
            "The names in client certificates that are taken, with * for any part, such as "
            '"CN=backup*,O=Example". Empty: every name that the authority signed.'
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What one client, and all together, may take."""

    max_clients: Annotated[
        int, About("Clients that may be connected at once.", least=1, most=MOST_CLIENTS)
    ] = 5000
    max_anonymous_clients: Annotated[
        int, About("How many of them may not have authenticated yet.", least=1, most=MOST_CLIENTS)
    ] = 20
    max_admin_clients: Annotated[
        int, About("Clients that may be connected to the admin socket.", least=1, most=MOST_CLIENTS)
    ] = 5
    max_client_requests: Annotated[
        int,
        About(
            "Calls of one client about one guest that are at work at once. Its quick calls, and "
            "those about other guests, have places of their own.",
            least=1,
            most=10_000,
        ),
    ] = 5
    max_queued_calls: Annotated[
        int,
        About(
            "Further calls of one client that are at work or wait; then it is not read.",
            least=0,
            most=10_000,
        ),
    ] = 32
    event_backlog: Annotated[
        int,
        About(
            "Bytes kept for a client that does not read; beyond, its connection is ended.",
            least=64 * 1024,
            most=1024 * MiB,
        ),
    ] = 16 * MiB
    auth_timeout_s: Annotated[
        float,
        About(
            "Seconds until a client must have authenticated and opened.", least=1, most=LONGEST_S
        ),
    ] = 60.0
    drain_timeout_s: Annotated[
        float,
        About(
            "Seconds that calls at work have to end when the daemon is told to.",
            least=0,
            most=LONGEST_S,
        ),
    ] = 30.0
    idle_timeout_s: Annotated[
        float,
        About(
            "End after so many seconds without clients and running guests; 0 for never.",
            least=0,
            most=LONGEST_S,
        ),
    ] = 0.0


@dataclass(frozen=True, slots=True)
class KeepaliveSettings:
    """How clients that are gone without a word are found."""

    interval_s: Annotated[
        float,
        About(
            "Seconds of silence until a client is asked for a sign of life; 0 for never.", least=0
        ),
    ] = 5.0
    count: Annotated[
        int, About("Questions without an answer after which it is dropped.", least=1, most=10_000)
    ] = 5


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The daemon's log, and the record of what was changed by whom."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        About("The least that is logged, where no filter says otherwise."),
    ] = "info"
    format: Annotated[
        Literal["text", "json"], About("Lines for people, or a JSON object a line for programs.")
    ] = "text"
    filters: Annotated[
        str,
        About(
            'Levels for parts of the daemon, as libvirt has them: "1:qemu 3:daemon.service" logs '
            "all of qemu, and of clients only warnings and errors (1 debug, 2 info, 3 warning, 4 "
            "error)."
        ),
    ] = ""
    outputs: Annotated[
        str,
        About(
            'Where it goes, as libvirt has it: "1:stderr", "2:file:/var/log/aiovirtd.log", '
            '"1:journald", "3:syslog:aiovirtd". By default the journal under systemd, else stderr.'
        ),
    ] = ""
    audit: Annotated[
        bool, About("Record every changing call: who, from where, what, with which outcome.")
    ] = True
    audit_file: Annotated[
        Path | None,
        About(
            "Write these records, JSON lines, into this file and not into the log.",
            example="/var/log/aiovirt/audit.jsonl",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Where the daemon keeps what must survive it."""

    folder: Annotated[
        Path | None,
        About(
            "By default /var/lib/aiovirt, and $XDG_STATE_HOME/aiovirt for a user. One daemon at a "
            "time has it open.",
            example="/var/lib/aiovirt",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, a section each."""

    hosts: HostSettings = field(default_factory=HostSettings)
    sockets: SocketSettings = field(default_factory=SocketSettings)
    tcp: TcpSettings = field(default_factory=TcpSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    access: AccessSettings = field(default_factory=AccessSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    keepalive: KeepaliveSettings = field(default_factory=KeepaliveSettings)
    logging: LogSettings = field(default_factory=LogSettings)
    state: StateSettings = field(default_factory=StateSettings)
    session: bool = False
    """Whether this is a daemon of a user and not that of the host; the command line says so."""
