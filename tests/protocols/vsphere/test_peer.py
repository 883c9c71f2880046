"""Every type beside VMware's own client: pyvmomi reads what we write, and we what it writes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from vspherevalues import PLAIN, fullest, structs_of

from aiovirt.protocols.vsphere import DataObject, Ref, encode_result, read_request
from aiovirt.protocols.vsphere.registry import method_named, method_names
from aiovirt.protocols.vsphere.tables.base import Description, DynamicProperty
from aiovirt.protocols.vsphere.tables.collector import ObjectContent, RetrieveResult
from aiovirt.protocols.vsphere.tables.collector_methods import RETRIEVE_PROPERTIES_EX
from aiovirt.protocols.vsphere.tables.faults import LocalizedMethodFault, MethodFault
from aiovirt.protocols.vsphere.tables.index import OBJECTS, TYPES
from aiovirt.protocols.vsphere.tables.tasks_methods import SetTaskStateArgs

# pyvmomi makes its types while it runs: type checkers see nothing of them.
pyvmomi: Any = import_module("pyVmomi")
soap: Any = import_module("pyVmomi.SoapAdapter")
support: Any = import_module("pyVmomi.VmomiSupport")

TEXTS = ("VirtualMachine", "PowerOnVM_Task")
"""Some texts are names of types or of methods, which pyvmomi looks up: one of these fits."""


@pytest.fixture(scope="module")
def stub() -> Any:  # noqa: ANN401 - pyvmomi's
    """Return what writes and reads for pyvmomi; it connects to nothing."""
    return soap.SoapStubAdapter("localhost", version="vim.version.v8_0_3_1")


def through_pyvmomi(stub: Any, value: DataObject) -> object:  # noqa: ANN401 - pyvmomi's
    """Have pyvmomi read a value and send it; return what is read of that."""
    known = (DynamicProperty(name="x", val=value),)
    content = ObjectContent(obj=Ref("Task", "task-1"), prop_set=known)
    sent = encode_result(
        RETRIEVE_PROPERTIES_EX, RetrieveResult(objects=(content,)), typed_items=True
    )
    kind = pyvmomi.vmodl.query.PropertyCollector.RetrieveResult
    theirs = soap.SoapResponseDeserializer(stub).Deserialize(sent, kind).objects[0].propSet[0].val
    task = pyvmomi.vim.Task("task-1", stub)
    fault = isinstance(value, LocalizedMethodFault)
    given = ["error", None, theirs] if fault else ["success", theirs, None]
    args = read_request(
        stub.SerializeRequest(task, pyvmomi.vim.Task._GetMethodInfo("SetState"), given)
    ).args
    assert isinstance(args, SetTaskStateArgs)
    return args.fault if fault else args.result


@pytest.mark.parametrize("module", TYPES)
def test_pyvmomi_reads_and_writes_each_type_as_we_do(
    stub: Any,  # noqa: ANN401 - pyvmomi's
    module: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for kind in structs_of(module):
        monkeypatch.setitem(PLAIN, "string", TEXTS[kind.__name__ in METHOD_NAMES])
        value = fullest(kind)
        if isinstance(value, MethodFault):
            value = LocalizedMethodFault(fault=value, localized_message="told")
        assert through_pyvmomi(stub, value) == value


METHOD_NAMES = {
    "SessionManagerVmomiServiceRequestSpec",
    "MethodAction",
    "TaskInfo",
    "TaskEvent",
    "TaskTimeoutEvent",
}
"""The types that have a name of a method in them."""


def test_pyvmomi_reads_and_writes_odd_characters(stub: Any) -> None:  # noqa: ANN401 - pyvmomi's
    value = Description(label='a <b> & "c"\n\t', summary="ünï ☃ \U0001f5a5")
    assert through_pyvmomi(stub, value) == value


def test_methods_are_those_of_the_objects_that_pyvmomi_knows() -> None:
    for name in method_names():
        method = method_named(name)
        assert method is not None
        kind = support.GetWsdlType("urn:vim25", method.owner)
        theirs = {kind._GetMethodInfo(item.name).wsdlName: item for item in kind._GetMethodList()}
        ours = [word.partition(":")[0] for word in method.args.WIRE.split()]
        assert [item.name for item in theirs[name].params][: len(ours)] == ours, name


def test_properties_are_those_that_pyvmomi_knows() -> None:
    for kind, (_base, words) in OBJECTS.items():
        if kind == "ManagedObject":
            continue
        theirs = {item.name for item in support.GetWsdlType("urn:vim25", kind)._GetPropertyList()}
        assert {word.partition(":")[0] for word in words.split()} <= theirs, kind
