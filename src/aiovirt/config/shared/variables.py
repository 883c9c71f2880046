"""Values for the variables of a network filter, where it is used."""

from __future__ import annotations

from aiovirt.config._forms import VARIABLE_NAME, shaped
from aiovirt.config._scalars import Text, text
from aiovirt.config._view import View

__all__ = ["FilterParameter"]

_VALUE = shaped(r"[a-zA-Z0-9_.:]+", "letters, digits and _.: only")


class FilterParameter(View, tag="parameter"):
    """The value of a variable, such as ``IP``; several of one name are a list."""

    name: Text = text("@name", form=VARIABLE_NAME, required=True)
    value: Text = text("@value", form=_VALUE, required=True)
