"""One folder a hypervisor. Drivers implement abilities and do not know each other."""
