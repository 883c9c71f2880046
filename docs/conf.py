"""Sphinx's settings; `nox -s docs` builds with warnings as errors."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "aiovirt"
author = "The aiovirt developers"
copyright = author
release = version = installed_version("aiovirt")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Cancellation"]
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"aiovirt {release}"
