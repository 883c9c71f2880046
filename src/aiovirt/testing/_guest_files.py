"""The files of the tiny guest's root: its init, its console shells, its power button.

Text alone: how it becomes a bootable image is `tinyguest`'s matter.  The programs named here
are applets of busybox.
"""

from __future__ import annotations

__all__ = ["BANNER", "FILES", "MODULES"]

BANNER = "aiovirt tiny guest ready"
"""The line that every console shows once the guest is up."""

MODULES = (
    "virtio_pci",
    "virtio_mmio",
    "virtio_blk",
    "virtio_net",
    "virtio_console",
    "virtio_balloon",
    "virtio-rng",
    "virtio_input",
    "virtio_scsi",
    "sd_mod",
    "button",
    "evdev",
)
"""Kernel modules that the guest loads, named as their files; what they need comes along."""

_MODULE_NAMES = " ".join(MODULES)

_INIT = f"""\
#!/bin/busybox sh
# The kernel starts this first.  It loads the drivers, finds the consoles, and becomes init.
/bin/busybox mkdir -p /proc /sys /dev /tmp /root /var/run
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
export PATH=/sbin:/bin
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
hostname tiny
# Not "modprobe -a": a module that this kernel has built in must not end the loading.
for module in {_MODULE_NAMES}; do modprobe -q "$module" 2>/dev/null; done

# A virtio console's port appears a moment after its driver; a controller without one never has it.
if ls /sys/bus/virtio/drivers/virtio_console/virtio* >/dev/null 2>&1; then
    for attempt in 1 2 3 4 5; do [ -e /dev/hvc0 ] && break; usleep 20000; done
fi

for console in ttyS0 hvc0 tty1; do
    # A serial port that is not there has a device file all the same, of type "unknown".
    [ -e "/dev/$console" ] || continue
    [ "$console" = ttyS0 ] && grep -q '^0: uart:unknown' /proc/tty/driver/serial && continue
    echo "$console::respawn:-/sbin/console" >>/etc/inittab
done
exec /bin/busybox init
"""

_INITTAB = """\
::sysinit:/sbin/network
::respawn:/bin/acpid -f -l /dev/null
::ctrlaltdel:/sbin/reboot
"""

# udhcpc goes to the background at once: a network without DHCP must not hold up the consoles.
_NETWORK = """\
#!/bin/sh
ip link set lo up
[ -e /sys/class/net/eth0 ] || exit 0
ip link set eth0 up
udhcpc -i eth0 -s /etc/udhcpc.sh -S -t 20 -T 1 -A 5 </dev/null >/dev/null 2>&1 &
"""

_UDHCPC = """\
#!/bin/sh
# udhcpc calls this with what the server gave.
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/${mask:-24}" dev "$interface"
[ -n "$router" ] && ip route replace default via "${router%% *}" dev "$interface"
: >/etc/resolv.conf
for server in $dns; do echo "nameserver $server" >>/etc/resolv.conf; done
"""

_CONSOLE = f"""\
#!/bin/sh
# One shell, no login: started by init on each console, again when it ends.
# Who sees it may press the power button: acpid writes its file when it listens to what there is.
for attempt in $(seq 50); do
    [ -e /var/run/acpid.pid ] || [ ! -e /dev/input/event0 ] && break
    usleep 20000
done
echo
echo "{BANNER}"
export HOME=/root PS1='tiny# ' ENV=/etc/shell
cd /root
exec sh
"""

# busybox's shell prefers its own applets to what stands in PATH, but not to an alias.
_SHELL = """\
alias poweroff=/sbin/poweroff reboot=/sbin/reboot halt=/sbin/halt
"""

# Nothing is on a disk but what the user mounted, so syncing and unmounting is all there is to do;
# busybox init's own way would wait two seconds for processes that need no farewell.
_HALT = """\
#!/bin/sh
echo "aiovirt tiny guest: {word}" >/dev/console
sync
umount -a -r 2>/dev/null
exec /bin/busybox {applet} -f
"""

FILES: dict[str, tuple[str, bool]] = {
    "init": (_INIT, True),
    "etc/inittab": (_INITTAB, False),
    "etc/udhcpc.sh": (_UDHCPC, True),
    "etc/acpi/PWRF/00000080": ("#!/bin/sh\nexec /sbin/poweroff\n", True),
    "etc/shell": (_SHELL, False),
    "sbin/network": (_NETWORK, True),
    "sbin/console": (_CONSOLE, True),
    "sbin/poweroff": (_HALT.format(word="power off", applet="poweroff"), True),
    "sbin/reboot": (_HALT.format(word="reboot", applet="reboot"), True),
    "sbin/halt": (_HALT.format(word="halt", applet="halt"), True),
}
"""Path in the guest to its text and whether it is executable."""
