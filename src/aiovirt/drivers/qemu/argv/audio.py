"""Where sound goes on the host, and the guest's sound cards.

Source: Audiodev in QEMU's qapi/audio.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from aiovirt.config import Audio, AudioStream, Sound
from aiovirt.drivers.qemu.argv.guest import Guest
from aiovirt.drivers.qemu.argv.usb import usb_place
from aiovirt.drivers.qemu.argv.words import as_json, drop_none
from aiovirt.drivers.qemu.devices.lookup import model_of

__all__ = ["DEFAULT_AUDIO", "audios", "default_audio", "sounds"]

DEFAULT_AUDIO: Final = "audio1"

_DRIVERS: Final = {"pulseaudio": "pa", "file": "wav", "none": "none"}
"""libvirt's types whose name QEMU spells in another way."""


def audios(guest: Guest) -> Iterator[str]:
    """What plays and records the guest's sound.

    Without a word of it, it is heard over SPICE, or nowhere.
    """
    found = guest.config.devices.audios
    for audio in found:
        yield from ("-audiodev", as_json(_audio(audio)))
    driver = None if len(found) else default_audio(guest)
    if driver is not None:
        yield from ("-audiodev", as_json({"id": DEFAULT_AUDIO, "driver": driver}))


def default_audio(guest: Guest) -> str | None:
    """QEMU's driver of the sound of which nothing is said; None leaves it out."""
    kinds = {display.type for display in guest.config.graphics}
    if "spice" in kinds:
        return "spice"
    has_cards = bool(len(guest.config.devices.sounds))
    return "none" if not kinds or "vnc" in kinds or has_cards else None


def _audio(audio: Audio) -> dict[str, object]:
    kind = audio.type or "none"
    return {
        "id": f"audio{audio.id}",
        "driver": _DRIVERS.get(kind, kind),
        "timer-period": audio.timer_period,
        **drop_none(_BACKENDS[kind](audio) if kind in _BACKENDS else {}),
        "in": _direction(audio.input) or None,
        "out": _direction(audio.output) or None,
    }


_BACKENDS: Final[Mapping[str, Callable[[Audio], dict[str, object]]]] = {
    "pulseaudio": lambda audio: {"server": audio.server_name},
    "file": lambda audio: {"path": audio.path},
    "oss": lambda audio: {
        "try-mmap": audio.try_mmap,
        "exclusive": audio.exclusive,
        "dsp-policy": audio.dsp_policy,
    },
}
"""What QEMU is told of a driver's own, by libvirt's type."""


def _direction(stream: AudioStream) -> dict[str, object]:
    return drop_none({field.replace("_", "-"): getattr(stream, field) for field in _STREAM})


_STREAM: Final = (
    "mixing_engine",
    "fixed_settings",
    "voices",
    "buffer_length",
    "buffer_count",
    "dev",
    "try_poll",
    "latency",
    "name",
    "stream_name",
    "server_name",
    "client_name",
    "connect_ports",
    "exact_name",
    "frequency",
    "channels",
    "format",
)
"""The fields of a stream, which QEMU calls alike."""


def sounds(guest: Guest) -> Iterator[str]:
    """The sound cards; the loudspeaker of a PC is its machine's."""
    for sound in guest.config.devices.sounds:
        audio = f"audio{sound.audio or 1}"
        if not model_of(sound, guest.family).driver:
            yield from ("-machine", f"pcspk-audiodev={audio}")
            continue
        with_codecs = sound.model in _HDA
        props = {} if with_codecs else {"audiodev": audio}
        yield from ("-device", guest.device(sound, {**props, **usb_place(guest, sound)}))
        if with_codecs:
            yield from _codecs(sound, audio)


_HDA: Final = ("ich6", "ich9")
_CODECS: Final = {"duplex": "hda-duplex", "micro": "hda-micro", "output": "hda-output"}


def _codecs(sound: Sound, audio: str) -> Iterator[str]:
    kinds = list(sound.codecs) or ["duplex"]
    for number, kind in enumerate(kinds):
        codec = {
            "driver": _CODECS[kind],
            "id": f"{sound.alias}-codec{number}",
            "bus": f"{sound.alias}.0",
            "cad": number,
            "audiodev": audio,
        }
        yield from ("-device", as_json(codec))
