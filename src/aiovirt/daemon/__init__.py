"""The daemon: libvirt's protocol to any number of clients, over the drivers of this package.

It knows what clients ask for and who may ask for it; what is done about it is a driver's affair.

daemon      settings to hosts, servers and access; how it is opened, reloaded and drained
hosts       the drivers that are served, by URI; each opened once, for all clients
listener    where clients come from
doors       finding out who has connected
server      accepts clients from listeners, counts and limits them
service     one client: its session, what answers each of its calls, how it shows who it is
legacy      libvirt's first procedures, answered by the younger abilities
streaming   the streams of one client
events      what one client wants to be told, and telling it
unbound     operations that no row of `aiovirt.bindings` says
access      who may do what
settings    the settings, typed and documented
"""
