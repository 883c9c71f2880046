"""Who may use what: owners (`dac`), labels of SELinux (`selinux`), profiles (`apparmor`).

What a file had before is kept beside it, in extended attributes with libvirt's names, so that the
last user of a file gives it back as it was, whichever program that is.
"""
