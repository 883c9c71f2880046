"""The table of CPUs is whole and means what it says."""

from __future__ import annotations

from aiovirt.host.cpus import names_of, table


def test_models_are_of_known_vendors_and_features() -> None:
    known = table()
    for model in known.models.values():
        assert model.vendor is None or model.vendor in known.vendors
        assert model.features <= set(known.features)
        assert set(model.gone) <= set(known.features)
        assert model.on <= {"host", "guest"}


def test_no_two_features_share_a_bit() -> None:
    places = [each.place for each in table().features.values()]
    assert len(set(places)) == len(places)


def test_a_model_is_what_it_is_like_but_for_what_is_said() -> None:
    models = table().models
    assert models["Haswell"].features - models["Haswell-noTSX"].features == {"hle", "rtm"}
    assert models["Dhyana"].features < models["EPYC-IBPB"].features


def test_steppings_tell_models_apart() -> None:
    models = table().models
    assert models["Skylake-Server"].is_of((6, 85, 4))
    assert not models["Skylake-Server"].is_of((6, 85, 5))
    assert models["Cascadelake-Server"].is_of((6, 85, 7))
    assert models["Haswell"].is_of((6, 60, 3))
    assert not models["Haswell"].is_of(None)


def test_qemus_names_are_known() -> None:
    names = table().by_qemu()
    assert names["sse4-1"] == names["sse4.1"] == "sse4.1"
    assert names["cmp-legacy"] == "cmp_legacy"


def test_the_models_of_other_architectures_are_known_by_name() -> None:
    assert "EPYC-Milan" in (names_of("x86_64") or ())
    assert "POWER9" in (names_of("ppc64le") or ())
    assert names_of("aarch64") == ()
    assert names_of("z80") is None
