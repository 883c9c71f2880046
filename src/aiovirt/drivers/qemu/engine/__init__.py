"""Running domains: starting, watching, stopping and adopting QEMU processes."""
