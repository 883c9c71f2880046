"""Control groups of Linux, both versions: what shares out a host among processes, and counts.

`Hierarchies` finds what the host has; a `Group` is one group in all of them at once; `knobs` names
what can be set and where each version has it; `devices` says which devices may be opened. Nothing
here knows what the processes are.
"""

from aiovirt.host.cgroups.group import Group
from aiovirt.host.cgroups.hierarchies import Hierarchies

__all__ = ["Group", "Hierarchies"]
