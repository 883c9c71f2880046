"""A real libvirtd for the tests: see `lab` for what it is, `fixtures` for what tests ask for."""

from __future__ import annotations

from libvirtlab.lab import Lab, LabError, Transport, run_lab
from libvirtlab.state import run_virsh

__all__ = ["Lab", "LabError", "Transport", "run_lab", "run_virsh"]
