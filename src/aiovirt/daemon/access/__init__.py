"""Who may do what: proving who a client is, deciding by rules, and keeping a record of it.

identity     who is at the other end
peers        what the kernel and the user database say of a Unix peer
permissions  libvirt's ``object:permission`` pairs, which of them only read
subjects     what a permission is asked for: a domain, a network, a volume …
policy       the rules of the administrator's file
access       the decisions of a whole daemon
sasl         a dialogue by which a client proves a name; bounded, slow for who guesses
passwords    the file of verifiers
tls          the server's certificate, whose certificates are let in
audit        one record of every change that was asked for

It knows nothing of drivers, sessions and messages.
"""
