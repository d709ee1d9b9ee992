"""
How the site is built: ``nox -s docs``.

Its pages are the Markdown files of the repository, where they are and as they are, so that every link is the same here
and there. The front page is README.md; what it lacks, the table of contents, is added on the way.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Final

import s3copy_async

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_TREE: Final = """
```{toctree}
:hidden:
:caption: {caption}
:glob:

{pages}
```
"""
_CONTENTS: Final = {
    "README": {
        "Use": ("docs/using", "docs/filters", "docs/library", "docs/migrating", "docs/errors"),
        "Understand": ("docs/restart-and-proof", "docs/cost", "docs/permissions", "docs/stores", "docs/benchmarks"),
        "Look up": ("docs/json", "docs/api", "CHANGELOG"),
        "Change": ("CONTRIBUTING", "docs/design", "docs/decisions"),
    },
    "docs/decisions": {"Decisions": ("decisions/*",)},
}
_FORWARD: Final = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=README.html">\n'

project = "s3copy-async"
author = "the authors of s3copy-async"
project_copyright = f"{author}, Apache-2.0"
version = release = s3copy_async.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "README"
include_patterns = ["*.md", "docs/**.md"]
exclude_patterns = [".*", "build", "dist", "src", "tests", "benchmarks"]
nitpicky = True
# The build needs no network, so references to Python's own documentation are not resolved.
nitpick_ignore_regex = [
    ("py:.*", r"(collections|contextlib|typing|pathlib|enum|signal)\..*"),
    ("py:class", r"s3copy_async\.(errors\.Failure|state\.Row)"),  # not public, shown by what is
    ("py:class", r"(tuple|dict)\[.*"),  # Sphinx cuts such types at their comma
]
suppress_warnings = ["myst.xref_missing_file"]
add_module_names = False
python_use_unqualified_type_names = True
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
default_role = "literal"
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sourcelink = False
html_copy_source = False


def _names() -> str:
    """
    A directive for each public name, at the place it is defined, where references look for it.
    """
    lines = ["```{eval-rst}"]
    values = {name: getattr(s3copy_async, name) for name in s3copy_async.__all__}
    for name, value in sorted(values.items(), key=lambda item: (inspect.isclass(item[1]), item[0].lower())):
        home = getattr(value, "__module__", "")
        if inspect.isclass(value):
            lines += [f".. autoclass:: {home}.{name}", "   :members:", "   :undoc-members:", ""]
        elif inspect.isfunction(value):
            lines += [f".. autofunction:: {home}.{name}", ""]
    return "\n".join((*lines, "```", ""))


def _read(_app: Sphinx, page: str, source: list[str]) -> None:
    """
    Adds the table of contents, which would only be in the way on GitHub, and the public names.
    """
    if page == "docs/api":
        source[0] += "\n" + _names()
    for caption, pages in _CONTENTS.get(page, {}).items():
        source[0] += _TREE.replace("{caption}", caption).replace("{pages}", "\n".join(pages))


def _finished(app: Sphinx, error: Exception | None) -> None:
    """
    Leads from the address of the site to its front page.
    """
    if error is None and app.builder.format == "html":
        (Path(app.outdir) / "index.html").write_text(_FORWARD, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """
    Sphinx calls this once.
    """
    app.connect("source-read", _read)
    app.connect("build-finished", _finished)
