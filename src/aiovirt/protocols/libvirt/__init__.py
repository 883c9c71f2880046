"""libvirt's wire protocol, both ends, without I/O: tables, framing, connection, errors.

tables/           every procedure, struct and constant, generated
procedure         what a row of the tables is
typed_params      libvirt's named values
packets           framing: bytes to packets and back
connection        calls, replies, messages and streams of one connection
keepalive         when to ping, and when the peer counts as dead
failures          libvirt's error struct, to aiovirt's errors and back
"""
