"""What every QEMU may do on a host with AppArmor that has no template of libvirt's."""

from __future__ import annotations

from typing import Final

__all__ = ["OWN_TEMPLATE"]

OWN_TEMPLATE: Final = """\
#include <tunables/global>

profile LIBVIRT_TEMPLATE flags=(attach_disconnected) {
  #include <abstractions/base>
  #include <abstractions/consoles>
  #include <abstractions/nameservice>
  #include <abstractions/ssl_certs>

  # One that runs as root opens files of others, and locks the guest's memory.
  capability dac_override,
  capability dac_read_search,
  capability ipc_lock,

  network inet stream,
  network inet6 stream,

  # What it asks the kernel about itself and the machine.
  owner @{PROC}/@{pid}/{auxv,cmdline,maps,stat,status} r,
  owner @{PROC}/@{pid}/task/@{tid}/{comm,stat} rw,
  @{PROC}/sys/kernel/cap_last_cap r,
  @{PROC}/sys/vm/{max_map_count,overcommit_memory} r,
  /sys/bus/{,**} r,
  /sys/class/{,**} r,
  /sys/devices/system/{cpu,node}/{,**} r,
  /sys/devices/**/block/*/queue/* r,
  /sys/devices/**/usb[0-9]*/{,**} r,
  /sys/kernel/mm/transparent_hugepage/* r,
  /sys/module/vhost/parameters/* r,
  /run/udev/data/{+usb*,c189*} r,
  /dev/net/tun rw,
  /dev/vhost-net rw,

  # What comes with it: firmware, keymaps, modules.
  /usr/share/{AAVMF,OVMF,edk2,edk2-ovmf,ovmf,qemu,qemu-efi*,seabios,vgabios}/{,**} rk,
  /usr/share/{SLOF,openbios,openhackware,slof,ipxe*}/{,**} r,
  /usr/lib{,64}/qemu/*.so mr,
  /usr/lib/@{multiarch}/qemu/*.so mr,
  /etc/ceph/{,*.conf} r,
  /etc/{sasl2,gss/mech.d}/{,*} r,

  # What this host's guests may do beyond that.
  include if exists <local/abstractions/libvirt-qemu>
}
"""
"""The host's files to go in it are those of AppArmor itself."""
