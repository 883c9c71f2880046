"""The service of one client: what comes is answered, in whichever order it is done.

handler         what answers a procedure
session         the connection: bytes in, calls, bytes out; its limits and its end
outgoing        what goes out, put together
tasks           what ends with the client, in the daemon's own group
closing         what is to be done at the client's end
liveness        whether the client is alive, and has shown in time who it is
dispatch        from a call to what carries it out, or to why nothing does
calls           the calls that take a place, each begun in its turn
work            which calls are at work, and which wait for their turn
table           procedure -> route, from the rows and from the rooms with handlers
route           what is known of a procedure before a driver is: how it is read, what it needs
operations      the operations of one host, by procedure
calling         carrying out one call, and the record of what was changed
opening         CONNECT_OPEN and what comes before and after it
authenticating  AUTH_*
domains         the calls about domains that no row says
permissions     which permissions a call needs, on which object
checking        whether the client has them, and may see what it gets
numbers         the numbers of running domains, which clients want with each domain
autodestroy     domains that end with the client that started them
handing         files that go with the client that handed them over
moving          moves of domains whose client goes before their end
refusing        errors to libvirt's, with the number of the kind of thing
"""
