"""Whether a client is alive, by a clock of the test's."""

from __future__ import annotations

from aiovirt.daemon.service.liveness import Liveness, Step


def alive() -> Liveness:
    found = Liveness(60.0)
    found.authenticated()
    found.begin(5.0, 1, 0.0)
    return found


def test_a_silent_client_is_asked_and_then_dropped() -> None:
    client = alive()
    assert [client.look(now, read=True) for now in (4.0, 5.0, 9.0, 10.0)] == [
        Step.NOTHING,
        Step.PING,
        Step.NOTHING,
        Step.SILENT,
    ]


def test_a_packet_is_a_sign_of_life() -> None:
    client = alive()
    client.look(5.0, read=True)
    client.heard()
    assert client.look(10.0, read=True) is Step.NOTHING


def test_a_few_bytes_are_none() -> None:
    client = alive()
    client.look(5.0, read=True)
    client.heard_part(3)
    assert client.look(10.0, read=True) is Step.SILENT


def test_who_is_not_read_cannot_be_heard() -> None:
    client = alive()
    client.look(5.0, read=True)
    assert client.look(10.0, read=False) is Step.NOTHING


def test_nobody_is_asked_whom_the_settings_leave_alone() -> None:
    client = Liveness(60.0)
    client.authenticated()
    assert not client.begin(0.0, 5, 0.0)
    assert (client.look(1e6, read=True), client.next_look) == (Step.NOTHING, None)


def test_who_does_not_authenticate_is_late() -> None:
    client = Liveness(60.0)
    assert [client.look(now, read=True) for now in (59.0, 60.0)] == [Step.NOTHING, Step.LATE]
