"""Where disks have their data: block nodes of storage, of formats and of what stands between.

`images` says which images a disk is made of, `sources` and `protocols` how each is reached,
`nodes` puts block nodes together, `secrets` names what QEMU must be let in with.
"""

from __future__ import annotations
