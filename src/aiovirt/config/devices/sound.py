"""Sound cards, and where on the host what they play goes."""

from __future__ import annotations

from aiovirt.config._children import One, child
from aiovirt.config._forms import DEVICE_NAME, FILE_PATH, UINT8
from aiovirt.config._laws import Fits, Only
from aiovirt.config._scalars import (
    Number,
    PathText,
    Switch,
    Text,
    Words,
    file_path,
    number,
    text,
    words,
    yes_no,
)
from aiovirt.config._values import any_number
from aiovirt.config._view import View
from aiovirt.config.devices.base import Device

__all__ = ["Audio", "AudioInput", "AudioOutput", "AudioStream", "Sound"]

SOUND_MODELS = ("sb16", "es1370", "pcspk", "ac97", "ich6", "ich7", "ich9", "usb", "virtio")
AUDIO_TYPES = (
    "none",
    "alsa",
    "coreaudio",
    "dbus",
    "jack",
    "oss",
    "pulseaudio",
    "sdl",
    "spice",
    "file",
)
SAMPLES = ("s8", "u8", "s16", "u16", "s32", "u32", "f32")
MAX_INT = 2**31 - 1
_STREAMS = {
    ("dev",): ("alsa", "oss"),
    ("buffer_count",): ("coreaudio", "oss", "sdl"),
    ("try_poll",): ("oss",),
    ("server_name", "client_name", "connect_ports", "exact_name"): ("jack",),
    ("name", "stream_name", "latency"): ("pulseaudio",),
}
"""Which types have what of a stream."""


class Sound(Device, tag="sound"):
    """A sound card.

    Attributes:
        audio: The number of the `Audio` that it plays to.
        codecs: What hangs on the bus of a HDA card: ``duplex``, ``micro``, ``output``.
    """

    model: Text = text("@model", known=SOUND_MODELS, required=True)
    codecs: Words = words("codec/@type", known=("duplex", "micro", "output"))
    audio: Number = any_number("audio/@id", high=0xFF, form=UINT8, required=True)


class AudioStream(View):
    """Sound in one direction.

    Attributes:
        mixing_engine: Whether the hypervisor mixes and converts it.
        fixed_settings: Whether the host's side keeps to frequency, channels and format.
        buffer_length: In microseconds.
        dev: The host's device.
        latency: What the server shall aim at, in microseconds.
        frequency: In hertz.
    """

    mixing_engine: Switch = yes_no("@mixingEngine")
    fixed_settings: Switch = yes_no("@fixedSettings")
    voices: Number = number("@voices")
    buffer_length: Number = number("@bufferLength")
    dev: PathText = file_path("@dev", form=FILE_PATH)
    buffer_count: Number = number("@bufferCount")
    try_poll: Switch = yes_no("@tryPoll")
    server_name: Text = text("@serverName")
    client_name: Text = text("@clientName")
    connect_ports: Text = text("@connectPorts")
    exact_name: Switch = yes_no("@exactName")
    name: Text = text("@name")
    stream_name: Text = text("@streamName")
    latency: Number = number("@latency")
    frequency: Number = number("settings/@frequency")
    channels: Number = number("settings/@channels")
    format: Text = text("settings/@format", known=SAMPLES)


class AudioInput(AudioStream, tag="input"):
    """What the guest records."""


class AudioOutput(AudioStream, tag="output"):
    """What the guest plays."""


class Audio(Device, tag="audio", lacks=tuple(Device._fields_)):
    """The host's end of sound.

    Attributes:
        id: The number that sound cards and displays name it by.
        timer_period: In microseconds.
        server_name: The sound server (``pulseaudio``).
        path: The file that is written (``file``).
        driver: What SDL plays by.
        try_mmap: Whether buffers are mapped (``oss``), as are the two that follow.
    """

    id: Number = any_number("@id", high=0xFF, form=UINT8, required=True)
    type: Text = text("@type", known=AUDIO_TYPES, required=True)
    timer_period: Number = number("@timerPeriod")
    server_name: Text = text("@serverName")
    path: PathText = file_path("@path", form=FILE_PATH)
    driver: Text = text("@driver", known=("esd", "alsa", "arts", "pulseaudio"))
    try_mmap: Switch = yes_no("@tryMMap")
    exclusive: Switch = yes_no("@exclusive")
    dsp_policy: Number = number("@dspPolicy", low=-1, high=MAX_INT)
    input: One[AudioInput] = child("input", AudioInput)
    output: One[AudioOutput] = child("output", AudioOutput)

    _laws_ = (
        Only(("pulseaudio",), ("server_name",)),
        Only(("file",), ("path",)),
        Only(("sdl",), ("driver",)),
        Only(("oss",), ("try_mmap", "exclusive", "dsp_policy")),
        *(
            law
            for stream in ("input", "output")
            for law in (
                *(
                    Only(kinds, tuple(f"{stream}.{field}" for field in fields))
                    for fields, kinds in _STREAMS.items()
                ),
                Fits(("oss",), (f"{stream}.dev",), form=DEVICE_NAME),
            )
        ),
    )
