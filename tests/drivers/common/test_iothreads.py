"""The I/O threads of a document."""

from __future__ import annotations

import pytest

from aiovirt.config import DomainConfig
from aiovirt.drivers.common.iothreads import (
    add_iothread,
    delete_iothread,
    iothread_ids,
    set_polling,
)
from aiovirt.errors import CallerError


def config(more: str = "<iothreads>2</iothreads>") -> DomainConfig:
    return DomainConfig.parse(
        f"<domain type='qemu'><name>a</name><memory>1024</memory>{more}<os><type>hvm</type></os>"
        "<devices><disk type='file'><driver name='qemu' iothread='2'/><source file='/i'/>"
        "<target dev='vda' bus='virtio'/></disk></devices></domain>"
    )


def test_threads_without_a_number_have_the_lowest() -> None:
    named = "<iothreads>3</iothreads><iothreadids><iothread id='2'/></iothreadids>"
    assert iothread_ids(config(named)) == [1, 2, 3]


def test_any_number_can_come_and_go() -> None:
    changed = config()
    add_iothread(changed, 9)
    delete_iothread(changed, 1)
    assert (iothread_ids(changed), changed.iothreads) == ([2, 9], 2)


def test_what_a_disk_uses_stays() -> None:
    with pytest.raises(CallerError, match="'vda' uses"):
        delete_iothread(config(), 2)


@pytest.mark.parametrize(("number", "words"), [(0, "begin with 1"), (2, "already")])
def test_numbers_that_cannot_be(number: int, words: str) -> None:
    with pytest.raises(CallerError, match=words):
        add_iothread(config(), number)


def test_polling_is_written_down() -> None:
    changed = config()
    set_polling(changed, 1, {"poll_max_ns": 5, "thread_pool_max": 4})
    xml = changed.to_xml()
    assert '<iothread id="1" thread_pool_max="4">' in xml.replace("'", '"')
    assert '<poll max="5"/>' in xml.replace("'", '"')
    for params, words in (({"x": 1}, "no parameter 'x'"), ({"poll_grow": "a"}, "'a' is no value")):
        with pytest.raises(CallerError, match=words):
            set_polling(changed, 1, params)
