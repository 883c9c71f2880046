"""Moving running guests from host to host, as libvirt's third protocol has it.

The phases, each in its room, as a client or the source's own host calls them:

source.py       begin: may it go, and what the destination must know; confirm: it is gone, or back
destination.py  prepare: a QEMU that waits for it; finish: it runs, or nothing is left of it
receiving.py    what the QEMU that waits is given for that, and what is taken back
sending.py      perform: its disks and its memory are moved
storage.py      its disks, by NBD: the server at the destination, the mirrors at the source
cookie.py       what the phases hand on to each other
parameters.py   what may be asked for, and QEMU's own words for it
places.py       where the destination listens, and where the source connects to
watching.py     what QEMU tells of a move
tunnel.py       the data within the daemons' own connection
peers.py        the source's host calls all phases itself
encryption.py   the certificates

`abilities.migration` is their face. Nothing here knows of daemons and clients.
"""
