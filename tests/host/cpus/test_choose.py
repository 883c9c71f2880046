"""Which model tells a CPU best, how CPUs compare, and what several can do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiovirt.errors import CallerError, ConfigError
from aiovirt.host.cpus import (
    Chosen,
    Cpu,
    baseline,
    common_cpu,
    compare,
    compared,
    cpu_xml,
    decode,
    expanded,
    lacking,
    offered,
    read_cpu,
    table,
)
from aiovirt.host.cpus.choose import has
from aiovirt.model.host import CpuComparison

HOST = Cpu("Haswell", {"vmx": "require"}, vendor="Intel")


def test_a_cpu_is_told_by_the_model_that_needs_the_fewest_words() -> None:
    features = table().models["Haswell"].features | {"vmx"}
    found = decode(features, "Intel", Chosen(signature=(6, 60, 3)))
    assert found.model == "Haswell-noTSX"  # its hle and rtm are broken
    found = decode(features, "Intel", Chosen(signature=(6, 63, 4)))
    assert (found.model, dict(found.features)) == ("Haswell", {"vmx": "require"})


def test_a_model_of_another_vendor_is_none() -> None:
    features = table().models["EPYC"].features
    assert decode(features, "AMD", Chosen()).model == "EPYC"
    assert decode(features, "Intel", Chosen()).model != "EPYC"
    with pytest.raises(ConfigError, match="suitable"):
        decode(features, "AMD", Chosen(models={}))


def test_what_a_hypervisor_cannot_give_is_switched_off() -> None:
    how = Chosen(guest=True, models={"Penryn": {"sse4.1", "cx16", "svm"}})
    found = decode(table().models["Penryn"].features, None, how)
    assert dict(found.features) == {"cx16": "disable", "sse4.1": "disable", "svm": "disable"}


@pytest.mark.parametrize(
    ("cpu", "result"),
    [
        (Cpu("Haswell", {"vmx": "require"}, guest=True), CpuComparison.IDENTICAL),
        (Cpu("Haswell", guest=True), CpuComparison.SUPERSET),
        (Cpu("Haswell", guest=True, strict=True), CpuComparison.INCOMPATIBLE),
        (Cpu("Haswell", {"vmx": "forbid"}, guest=True), CpuComparison.INCOMPATIBLE),
        (Cpu("Haswell", {"svm": "force"}, guest=True), CpuComparison.SUPERSET),
        (Cpu("EPYC", guest=True), CpuComparison.INCOMPATIBLE),
        (Cpu("Conroe", vendor="AMD", guest=True), CpuComparison.INCOMPATIBLE),
        (Cpu("Conroe", arch="aarch64"), CpuComparison.INCOMPATIBLE),
    ],
)
def test_cpus_compare(cpu: Cpu, result: CpuComparison) -> None:
    assert compare(HOST, cpu) is result


def test_what_is_missing_is_named() -> None:
    why = lacking(HOST, Cpu("Haswell", {"svm": "require", "xop": "require"}, guest=True))
    assert why == "Host CPU does not provide required features: svm, xop"
    document = "<cpu><model>EPYC</model></cpu>"
    assert compared(HOST, document, fail_incompatible=False) is CpuComparison.INCOMPATIBLE
    with pytest.raises(ConfigError, match="sse4a"):
        compared(HOST, document, fail_incompatible=True)
    assert compared(None, document, fail_incompatible=False) is CpuComparison.INCOMPATIBLE


def test_what_several_can_do() -> None:
    found = baseline([HOST, Cpu("Penryn", {"vmx": "require"}, vendor="Intel")])
    assert (found.model, found.vendor, found.fallback) == ("Penryn", "Intel", True)
    assert dict(found.features) == {"vmx": "require"}
    alone = baseline([HOST])
    assert (alone.model, alone.fallback) == ("Haswell", False)


def test_what_stays_behind_keeps_no_guest_from_being_moved() -> None:
    cpu = Cpu("EPYC", {"invtsc": "require", "osxsave": "require"}, vendor="AMD")
    assert "invtsc" in baseline([cpu]).features
    assert "invtsc" not in baseline([cpu], migratable=True).features
    assert "osxsave" not in offered(baseline([cpu])).features


def test_what_a_model_has_and_the_cpu_has_not_stays_switched_off() -> None:
    cpu = Cpu("EPYC-Milan", {"xsaves": "disable"}, vendor="AMD")
    assert baseline([cpu], migratable=True).features["xsaves"] == "disable"


@pytest.mark.parametrize(
    ("cpus", "words"),
    [
        ([], "no CPUs"),
        ([Cpu(None)], "index 0"),
        ([Cpu("nosuch")], "nosuch"),
        ([Cpu("486", {"nosuch": "require"})], "nosuch"),
        ([Cpu("Penryn", vendor="Intel"), Cpu("EPYC", vendor="AMD")], "vendors"),
        ([Cpu("486", vendor="nobody")], "nobody"),
    ],
)
def test_cpus_that_have_no_baseline(cpus: list[Cpu], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        baseline(cpus)


def test_the_features_of_a_model_are_named_when_asked_for() -> None:
    found = expanded(Cpu("486", {"avx": "require", "vme": "disable"}))
    assert dict(found.features) == {
        "avx": "require",
        "fpu": "require",
        "pse": "require",
        "vme": "disable",
    }


def test_documents_are_read_and_written() -> None:
    host = "<cpu><arch>x86_64</arch><model>Penryn</model><feature name='vmx' policy='disable'/></cpu>"  # fmt: skip # noqa: E501
    assert read_cpu(host).features == {"vmx": "require"}
    text = common_cpu([host], expand=False, migratable=False)
    assert text == cpu_xml(Cpu("Penryn", {"vmx": "require"}, fallback=False))
    assert read_cpu(text).guest
    with pytest.raises(CallerError):
        common_cpu([], expand=False, migratable=False)
    with pytest.raises(ConfigError):
        read_cpu("<other/>")


@given(st.sampled_from(sorted(table().models)), st.sets(st.sampled_from(sorted(table().features))))
def test_a_cpu_that_is_told_has_what_it_had(model: str, more: set[str]) -> None:
    features = table().models[model].features | more
    found = decode(features, None, Chosen(guest=True))
    assert has(found) == features - frozenset(found.named("disable"))
    assert not found.named("disable") & features
