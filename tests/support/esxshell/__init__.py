"""A strict fake of an ESX host's commands, and a real SSH server before it.

The commands (``vim-cmd``, ``esxcli``, ``vmkfstools``, ``vmware``) are a program of their own, which
shares no code with the driver.  They keep real state in a folder, print what ESX prints, and refuse
what ESX refuses.  Sources: VMware's vSphere API reference for objects and faults, the ESXCLI and
vmkfstools reference for commands and options, and published output of ESX 4.1 to 8.0.
"""
