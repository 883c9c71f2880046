"""Which address a socket between host and guest gets."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable

import pytest

from aiovirt.drivers.qemu.engine.passthrough import free_address
from aiovirt.errors import HostError


def _kernel(*taken: int, refusal: int = errno.EADDRINUSE) -> Callable[[int, int, bytes], object]:
    def control(_handle: int, _request: int, argument: bytes) -> None:
        if struct.unpack("=Q", argument)[0] in taken:
            raise OSError(refusal, "no")

    return control


def test_the_first_address_of_a_guest_is_3() -> None:
    assert free_address(0, _kernel()) == 3


def test_addresses_of_others_are_passed_over() -> None:
    assert free_address(0, _kernel(3, 4, 6)) == 5


def test_another_refusal_of_the_kernel_ends_the_search() -> None:
    with pytest.raises(HostError, match="<vsock>"):
        free_address(0, _kernel(3, refusal=errno.EPERM))
