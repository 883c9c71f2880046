"""SASL (RFC 4422): mechanisms of both ends, and which one to take. No I/O, no clock.

What carries the messages, and whether an answer is absent or empty, is the application protocol's
matter; libvirt's is `aiovirt.protocols.libvirt`.
"""

from __future__ import annotations

from aiovirt.protocols.sasl.choose import MECHANISMS, Offer, choose
from aiovirt.protocols.sasl.mechanism import (
    ClientMechanism,
    Identity,
    Layer,
    ServerMechanism,
    WrappedLayer,
)
from aiovirt.protocols.sasl.serve import SERVED, serve, served
from aiovirt.protocols.sasl.verifier import Lookup, Verifier

__all__ = [
    "MECHANISMS",
    "SERVED",
    "ClientMechanism",
    "Identity",
    "Layer",
    "Lookup",
    "Offer",
    "ServerMechanism",
    "Verifier",
    "WrappedLayer",
    "choose",
    "serve",
    "served",
]
