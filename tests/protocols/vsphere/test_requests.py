"""Calls, in literal bytes: what is sent, and what a server reads of it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from vspherevalues import smallest

from aiovirt.errors import LimitExceeded, ProtocolError
from aiovirt.protocols.vsphere import (
    Empty,
    EncodeError,
    Ref,
    decode_reply,
    encode_call,
    encode_result,
    read_request,
    soap_action,
)
from aiovirt.protocols.vsphere.tables.collector import (
    ObjectSpec,
    PropertyFilterSpec,
    PropertySpec,
    TraversalSpec,
)
from aiovirt.protocols.vsphere.tables.collector_methods import CREATE_FILTER, CreateFilterArgs
from aiovirt.protocols.vsphere.tables.devices import VirtualDeviceConfigSpec, VirtualDisk
from aiovirt.protocols.vsphere.tables.machine import (
    VirtualMachineBootOptions,
    VirtualMachineConfigSpec,
)
from aiovirt.protocols.vsphere.tables.machine_methods import (
    MARK_AS_TEMPLATE,
    POWER_ON_VM_TASK,
    RECONFIG_VM_TASK,
    SEND_NMI,
    PowerOnVMTaskArgs,
    ReconfigVMTaskArgs,
)
from aiovirt.protocols.vsphere.tables.session import ServiceContent
from aiovirt.protocols.vsphere.tables.session_methods import (
    LOGIN,
    RETRIEVE_SERVICE_CONTENT,
    LoginArgs,
)

VM = Ref("VirtualMachine", "vm-1")
POWER_ON = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    b'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
    b'<PowerOnVM_Task xmlns="urn:vim25"><_this type="VirtualMachine">vm-1</_this>'
    b'<host type="HostSystem">host-2</host></PowerOnVM_Task></soapenv:Body></soapenv:Envelope>'
)


def test_a_call_in_bytes() -> None:
    args = PowerOnVMTaskArgs(host=Ref("HostSystem", "host-2"))
    assert encode_call(POWER_ON_VM_TASK, VM, args) == POWER_ON


def test_a_call_without_arguments() -> None:
    sent = encode_call(MARK_AS_TEMPLATE, VM)
    assert b'<MarkAsTemplate xmlns="urn:vim25"><_this type="VirtualMachine">vm-1' in sent
    request = read_request(sent)
    assert (request.method, request.args, request.version) == (MARK_AS_TEMPLATE, Empty(), "")


def test_a_call_has_a_name_for_the_servers_log() -> None:
    sent = encode_call(MARK_AS_TEMPLATE, VM, operation="a<1>")
    assert b"<soapenv:Header><operationID>a&lt;1&gt;</operationID></soapenv:Header>" in sent
    assert read_request(sent).method is MARK_AS_TEMPLATE


def test_a_derived_type_is_named_and_the_declared_one_is_not() -> None:
    way = TraversalSpec(name="v", type="ContainerView", path="view", skip=False)
    spec = PropertyFilterSpec(
        prop_set=(PropertySpec(type="VirtualMachine", path_set=("name",)),),
        object_set=(ObjectSpec(obj=Ref("ContainerView", "v1"), skip=True, select_set=(way,)),),
    )
    sent = encode_call(
        CREATE_FILTER,
        Ref("PropertyCollector", "p"),
        CreateFilterArgs(spec=spec, partial_updates=True),
    )
    assert (
        b'<selectSet xsi:type="TraversalSpec"><name>v</name><type>ContainerView</type>'
        b"<path>view</path><skip>false</skip></selectSet>"
    ) in sent
    assert b"<propSet><type>VirtualMachine</type><pathSet>name</pathSet></propSet>" in sent
    assert b"<partialUpdates>true</partialUpdates>" in sent


def test_the_version_is_in_the_header() -> None:
    action = soap_action("6.5")
    assert action == "urn:vim25/6.5"
    assert read_request(POWER_ON, f'"{action}"').version == "6.5"
    assert read_request(POWER_ON, "urn:vim25").version == ""


def test_a_method_that_the_table_lacks() -> None:
    request = read_request(POWER_ON.replace(b"PowerOnVM_Task", b"FlyVM_Task"))
    assert (request.name, request.method, request.this) == ("FlyVM_Task", None, VM)
    assert request.args == Empty()


def test_a_prefix_of_the_clients_own() -> None:
    sent = POWER_ON.replace(b"PowerOnVM_Task xmlns=", b"v:PowerOnVM_Task xmlns:v=")
    sent = sent.replace(b"</PowerOnVM", b"</v:PowerOnVM")
    for name in (b"_this", b"host"):
        sent = sent.replace(b"<" + name, b"<v:" + name).replace(b"</" + name, b"</v:" + name)
    assert read_request(sent).args == PowerOnVMTaskArgs(host=Ref("HostSystem", "host-2"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'<_this type="VirtualMachine">vm-1</_this>', b"", "names no object"),
        (b"<spec>", b"<spec><numCPUs>many</numCPUs>", "the call of ReconfigVM_Task"),
        (b"<spec></spec>", b"", "lacks spec"),
    ],
)
def test_a_call_that_is_wrong_is_refused(old: bytes, new: bytes, message: str) -> None:
    spec = VirtualMachineConfigSpec()
    sent = encode_call(RECONFIG_VM_TASK, VM, ReconfigVMTaskArgs(spec=spec))
    with pytest.raises(ProtocolError, match=message):
        read_request(sent.replace(old, new))


def test_a_call_that_is_cut_is_refused() -> None:
    for size in range(len(POWER_ON)):
        with pytest.raises(ProtocolError):
            read_request(POWER_ON[:size])


def test_a_call_that_is_too_long_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        read_request(POWER_ON, limit=10)


@settings(deadline=None)
@given(place=st.integers(0, len(POWER_ON) - 1), byte=st.integers(0, 255))
def test_a_garbled_call_is_one_or_a_protocol_error(place: int, byte: int) -> None:
    garbled = bytearray(POWER_ON)
    garbled[place] = byte
    with suppress(ProtocolError):
        read_request(bytes(garbled))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (VirtualMachineConfigSpec(memory_mb=1 << 63), "ConfigSpec.memory_mb: .* 64 bits"),
        (VirtualMachineConfigSpec(name="a\x00b"), r"ConfigSpec.name: XML cannot hold .* U\+0000"),
        (VirtualMachineConfigSpec(num_cpus="2"), "ConfigSpec.num_cpus: str is no whole"),  # type: ignore[arg-type]
        (VirtualMachineConfigSpec(num_cpus=True), "ConfigSpec.num_cpus: bool is no whole"),
    ],
)
def test_what_does_not_fit_is_named(spec: VirtualMachineConfigSpec, message: str) -> None:
    with pytest.raises(EncodeError, match=message):
        encode_call(RECONFIG_VM_TASK, VM, ReconfigVMTaskArgs(spec=spec))


def test_the_innermost_field_that_does_not_fit_is_named() -> None:
    disk = VirtualDisk(key=1, capacity_in_kb=1 << 70)
    change = VirtualDeviceConfigSpec(operation="add", device=disk)
    spec = VirtualMachineConfigSpec(device_change=(change,))
    with pytest.raises(EncodeError, match="capacity_in_kb") as caught:
        encode_call(RECONFIG_VM_TASK, VM, ReconfigVMTaskArgs(spec=spec))
    assert caught.value.field == "VirtualDisk.capacity_in_kb"


def test_a_field_that_the_servers_version_lacks_is_named() -> None:
    boot = VirtualMachineBootOptions(network_boot_protocol="ipv6")
    args = ReconfigVMTaskArgs(spec=VirtualMachineConfigSpec(boot_options=boot))
    assert b"ipv6" in encode_call(RECONFIG_VM_TASK, VM, args, version="6.0")
    with pytest.raises(EncodeError, match=r"network_boot_protocol is of version 6.0 .* 5\.5"):
        encode_call(RECONFIG_VM_TASK, VM, args, version="5.5")


def test_fields_that_are_newer_and_not_set_do_not_matter() -> None:
    args = ReconfigVMTaskArgs(spec=VirtualMachineConfigSpec(num_cpus=2))
    assert encode_call(RECONFIG_VM_TASK, VM, args, version="5.5") == (
        encode_call(RECONFIG_VM_TASK, VM, args)
    )


def test_a_method_that_the_servers_version_lacks_is_named() -> None:
    assert encode_call(SEND_NMI, VM, version="6.0")
    with pytest.raises(EncodeError, match=r"SendNMI is of version 6.0 .* 5\.5"):
        encode_call(SEND_NMI, VM, version="5.5")


def test_a_result_is_without_what_the_clients_version_lacks() -> None:
    about = smallest(ServiceContent)
    assert isinstance(about, ServiceContent)
    new = Ref("FailoverClusterManager", "f")
    content = structs.replace(about, failover_cluster_manager=new)
    for version, expected in (("6.0", None), ("6.5", new), ("", new)):
        sent = encode_result(RETRIEVE_SERVICE_CONTENT, content, version=version)
        read = decode_reply(RETRIEVE_SERVICE_CONTENT, sent)
        assert isinstance(read, ServiceContent)
        assert read.failover_cluster_manager == expected


def test_arguments_of_another_method_are_refused() -> None:
    args = PowerOnVMTaskArgs()
    with pytest.raises(EncodeError, match="takes ReconfigVMTaskArgs"):
        encode_call(RECONFIG_VM_TASK, VM, args)  # type: ignore[misc]


def test_a_result_that_is_missing_is_refused() -> None:
    with pytest.raises(EncodeError, match="has a result"):
        encode_result(POWER_ON_VM_TASK, None)  # type: ignore[misc]


def test_a_password_is_sent_and_not_shown() -> None:
    args = LoginArgs(user_name="root", password="hunter2")
    request = read_request(encode_call(LOGIN, Ref("SessionManager", "s"), args))
    assert request.args == args
    assert "hunter2" not in repr(request)
    assert "root" in repr(request)
