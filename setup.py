"""The optional C helper; all else stands in pyproject.toml.

Without a compiler, on another platform than the helper's, or with AIOVIRT_NO_EXTENSION=1 the
package is built pure: `aiovirt.processes` then runs its Python twin.
"""

from __future__ import annotations

import os

from setuptools import Extension, setup

EXTENSION = Extension(
    "aiovirt.processes._spawn",
    ["src/aiovirt/processes/_spawn.c"],
    extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-fno-stack-protector"],
    define_macros=[("Py_LIMITED_API", "0x030B0000")],
    py_limited_api=True,
    optional=True,
)
PURE = bool(os.environ.get("AIOVIRT_NO_EXTENSION"))

setup(
    ext_modules=[] if PURE else [EXTENSION],
    options={} if PURE else {"bdist_wheel": {"py_limited_api": "cp311"}},
)
