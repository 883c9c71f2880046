"""The guest's clock and its timers."""

from __future__ import annotations

from aiovirt.config._children import Many, children
from aiovirt.config._codecs import MAX_UINT64
from aiovirt.config._forms import CLOCK_DELTA, SECONDS, TIMEZONE
from aiovirt.config._laws import Fits, Needed, Only, With
from aiovirt.config._scalars import Number, Switch, Text, number, text, yes_no
from aiovirt.config._view import View

__all__ = ["Clock", "Timer"]


_CATCHUP = ("catchup_threshold", "catchup_slew", "catchup_limit")


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
    frequency: Number = number("@frequency", high=MAX_UINT64)
    mode: Text = text("@mode", known=("auto", "native", "emulate", "paravirt", "smpsafe"))
    catchup_threshold: Number = number("catchup/@threshold")
    catchup_slew: Number = number("catchup/@slew")
    catchup_limit: Number = number("catchup/@limit")

    _laws_ = (
        Only(("platform", "rtc"), ("track",), by="name"),
        Only(
            ("platform", "rtc", "tsc", "hpet", "pit", "armvtimer"),
            ("tickpolicy", *_CATCHUP),
            by="name",
        ),
        Only(("tsc",), ("frequency", "mode"), by="name"),
        Only(("catchup",), _CATCHUP, by="tickpolicy"),
        With(_CATCHUP, "tickpolicy"),
    )


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
    adjustment: Text = text("@adjustment", form=CLOCK_DELTA)
    timezone: Text = text("@timezone", form=TIMEZONE)
    start: Number = number("@start", high=MAX_UINT64)
    timers: Many[Timer] = children("timer", Timer)

    _laws_ = (
        Only(("utc", "localtime", "variable"), ("adjustment",), by="offset"),
        Fits(("variable",), ("adjustment",), by="offset", form=SECONDS),
        Only(("variable",), ("basis",), by="offset"),
        Only(("timezone",), ("timezone",), by="offset"),
        Only(("absolute",), ("start",), by="offset"),
        Needed(("absolute",), ("start",), by="offset"),
    )
