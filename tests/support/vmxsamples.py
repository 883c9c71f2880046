"""Short ``.vmx`` files and domains for tests: what each is about, and nothing else."""

from __future__ import annotations

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.vmx import Files, PlainFiles, Vmx, domain_of, vmx_of

__all__ = ["FILES", "told", "vmx", "written", "xml"]

FILES = PlainFiles()
HARDWARE = 11


def vmx(*lines: str, hardware: int = HARDWARE) -> Vmx:
    """A file with these lines, such as ``memsize = 64``, and what no file is without."""
    pairs = (line.partition("=") for line in lines)
    said = [f'{key.strip()} = "{value.strip()}"' for key, _, value in pairs]
    head = ['config.version = "8"', f'virtualHW.version = "{hardware}"', 'displayName = "web1"']
    return Vmx.parse("\n".join([*head, *said, ""]))


def told(*lines: str, hardware: int = HARDWARE, extended: bool = True) -> DomainConfig:
    """The domain of a file with these lines."""
    return domain_of(vmx(*lines, hardware=hardware), FILES, extended=extended)


def xml(inner: str = "", *, devices: str = "", os: str = "<type>hvm</type>") -> DomainConfig:
    """A domain with these elements in it."""
    return DomainConfig.parse(
        f"<domain type='vmware'><name>web1</name><memory unit='MiB'>64</memory>{inner}"
        f"<os>{os}</os><devices>{devices}</devices></domain>"
    )


def written(
    inner: str = "",
    *,
    devices: str = "",
    os: str = "<type>hvm</type>",
    files: Files = FILES,
    hardware: int = HARDWARE,
) -> Vmx:
    """The file of a domain with these elements in it."""
    return vmx_of(xml(inner, devices=devices, os=os), files, hardware=hardware)
