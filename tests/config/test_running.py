"""What of a running domain must not be believed of its next run."""

from __future__ import annotations

from aiovirt.config import Console, DomainConfig, Graphics, Interface, Serial
from aiovirt.config.running import drop_run


def test_only_what_a_user_gave_is_kept() -> None:
    config = DomainConfig(name="web1", memory="1GiB", vcpus=1)
    config.id = 7
    config.serials = [Serial.pty()]
    config.consoles = [Console.pty()]
    config.consoles[0].tty = "/dev/pts/3"
    config.graphics = [Graphics.vnc(port=5900)]
    config.graphics[0].autoport = True
    config.interfaces = [Interface.bridge("br0"), Interface.bridge("br0")]
    config.interfaces[0].target_dev, config.interfaces[1].target_dev = "vnet0", "mine"
    config.interfaces[0].alias, config.interfaces[1].alias = "net0", "ua-mine"
    drop_run(config)
    assert {config.id, config.consoles[0].tty} == {None}
    assert config.graphics[0].port == -1
    assert [card.target_dev for card in config.interfaces] == [None, "mine"]
    assert [card.alias for card in config.interfaces] == [None, "ua-mine"]
