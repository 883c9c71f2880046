"""What a refusal of vCenter's REST API is to callers."""

from __future__ import annotations

import pytest

from aiovirt.clients.vsphere import RestRefusal
from aiovirt.drivers.esx.tagging import REFUSALS, refusal
from aiovirt.errors import AiovirtError, AlreadyExists, PermissionDenied, RemoteError, Unsupported
from aiovirt.model.constants import ErrorNumber
from aiovirt.protocols.vsphere.rest import RestFault, RestFaultKind
from aiovirt.protocols.vsphere.rest import tagging as t


def error_of(kind: RestFaultKind, message: str = "No.") -> AiovirtError:
    told = RestRefusal("root@vc", t.CREATE_TAG, RestFault(400, kind, message))
    made = refusal(told, t.CREATE_TAG, "vCenter vc", "make the tag 'a/b'")
    assert made.__cause__ is told
    return made


@pytest.mark.parametrize("kind", RestFaultKind)
def test_every_refusal_says_where_and_what(kind: RestFaultKind) -> None:
    made = error_of(kind)
    assert str(made) == "vCenter vc did not make the tag 'a/b': No"
    assert type(made) is (REFUSALS[kind].kind if kind in REFUSALS else RemoteError)


def test_a_refusal_without_words_names_its_kind() -> None:
    made = error_of(RestFaultKind.ALREADY_EXISTS, "")
    assert isinstance(made, AlreadyExists)
    assert str(made).endswith("already_exists (400)")


def test_the_privilege_is_that_of_the_method() -> None:
    made = error_of(RestFaultKind.UNAUTHORIZED)
    assert isinstance(made, PermissionDenied)
    assert "InventoryService.Tagging.CreateTag" in (made.hint or "")
    assert made.libvirt is not None
    assert made.libvirt.code == ErrorNumber.ERR_ACCESS_DENIED


def test_what_is_lacking_is_unsupported() -> None:
    made = error_of(RestFaultKind.OPERATION_NOT_FOUND)
    assert isinstance(made, Unsupported)
    assert made.driver == "ESX"
    assert "6.5" in (made.hint or "")
