"""The optional C helper; all else stands in pyproject.toml.

Without a compiler, on another platform than the helper's, or with AIOVIRT_NO_EXTENSION=1 the
package is built pure, and its wheel says so: `aiovirt.processes` then runs its Python twin.  So it
is for a Python without the GIL, which has no limited API and which the helper does not know.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

EXTENSION = Extension(
    "aiovirt.processes._spawn",
    ["src/aiovirt/processes/_spawn.c"],
    extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-fno-stack-protector"],
    define_macros=[("Py_LIMITED_API", "0x030B0000")],
    py_limited_api=True,
    optional=True,
)
NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
PURE = NO_GIL or bool(os.environ.get("AIOVIRT_NO_EXTENSION"))


class BuildHelper(build_ext):
    """Builds the helper; when that fails, what is built is a pure package."""

    built = False

    def build_extension(self, ext: Extension) -> None:
        """Build, and remember that it succeeded: a failure goes to setuptools, which forgives."""
        super().build_extension(ext)
        self.built = True

    def run(self) -> None:
        """Build; without success take the wheel's tag for a binary back."""
        super().run()
        if self.built or not self.extensions:
            return
        for extension in self.extensions:  # an older helper would not fit these steps
            Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        self.extensions = []
        self.distribution.ext_modules = []
        wheel = self.distribution.get_command_obj("bdist_wheel", create=False)
        if wheel is not None:
            wheel.root_is_pure = True


setup(
    ext_modules=[] if PURE else [EXTENSION],
    cmdclass={"build_ext": BuildHelper},
    options={} if PURE else {"bdist_wheel": {"py_limited_api": "cp311"}},
)
