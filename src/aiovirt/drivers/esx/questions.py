"""Questions of machines: one that waits for an answer does nothing else until it has that.

vSphere asks, for one, whether a machine was moved or copied.  With ``auto_answer=1`` in the URI the
answer that VMware proposes is given; without it, what had to be done ends with the question.
"""

from __future__ import annotations

from aiovirt.drivers.esx.machine import Machine
from aiovirt.errors import AiovirtError, InvalidState, with_number
from aiovirt.model.constants import ErrorDomain, ErrorNumber
from aiovirt.protocols.vsphere.tables.machine import VirtualMachineQuestionInfo

__all__ = ["answer_to", "blocked"]


def answer_to(question: VirtualMachineQuestionInfo) -> str | None:
    """The key of the answer that VMware proposes, or None where it proposes none."""
    choices = question.choice.choice_info
    index = question.choice.default_index
    if index is None or not 0 <= index < len(choices):
        return None
    return choices[index].key


def blocked(machine: Machine, question: VirtualMachineQuestionInfo, what: str) -> AiovirtError:
    """The error that a question stands in the way."""
    answers = ", ".join(repr(each.label or each.key) for each in question.choice.choice_info)
    text = " ".join(question.text.split())
    return with_number(
        InvalidState(
            f"cannot {what}: domain {machine.name!r} waits for an answer to {text!r}"
            f" (it may be {answers})",
            hint="auto_answer=1 in the URI gives the answer that VMware proposes",
        ),
        ErrorNumber.ERR_OPERATION_INVALID,
        ErrorDomain.ESX,
    )
