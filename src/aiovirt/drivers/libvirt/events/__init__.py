"""Events of a libvirt daemon: subscribing to all of them, and finding out what was missed.

registrations    what is asked of the daemon, so that it tells
known            what is known of the host, to find out what happened while nobody listened
hub              all of it together, for any number of subscribers
"""
