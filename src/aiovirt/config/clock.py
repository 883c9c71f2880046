"""The guest's clock and its timers."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._scalars import Number, Switch, Text, number, text, yes_no
from aiovirt.config._view import View

__all__ = ["Clock", "Timer"]


class Timer(View, tag="timer"):
    """One timer, and what happens to ticks that the guest missed.

    Attributes:
        frequency: In hertz.
    """

    name: Text = text(
        "@name",
        known=("platform", "rtc", "tsc", "hpet", "pit", "armvtimer", "kvmclock", "hypervclock"),
        required=True,
    )
    present: Switch = yes_no("@present")
    track: Text = text("@track", known=("boot", "guest", "wall", "realtime"))
    tickpolicy: Text = text("@tickpolicy", known=("delay", "catchup", "merge", "discard"))
    frequency: Number = number("@frequency", low=1)
    mode: Text = text("@mode", known=("auto", "native", "emulate", "paravirt", "smpsafe"))
    catchup_threshold: Number = number("catchup/@threshold")
    catchup_slew: Number = number("catchup/@slew")
    catchup_limit: Number = number("catchup/@limit")


class Clock(View, tag="clock"):
    """The clock (``<clock>``).

    Attributes:
        offset: What the guest's clock starts from.
        adjustment: Seconds from it, or ``reset``.
        start: Seconds since 1970 (offset ``absolute``).
    """

    offset: Text = text(
        "@offset", known=("utc", "localtime", "timezone", "variable", "absolute"), required=True
    )
    basis: Text = text("@basis", known=("utc", "localtime"))
    adjustment: Text = text("@adjustment")
    timezone: Text = text("@timezone")
    start: Number = number("@start")
    timers: Many[Timer] = children("timer", Timer)
