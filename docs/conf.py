"""
How the site is built: ``nox -s docs``.

Its pages are the Markdown files of the repository, where they are and as they are, so that every link is the same here
and there. The front page is README.md; what it lacks, the table of contents, is added on the way.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from s3copy_async import __version__

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
        "Use": ("docs/using", "docs/library", "docs/migrating", "docs/errors"),
        "Understand": ("docs/restart-and-proof", "docs/cost", "docs/permissions", "docs/stores"),
        "Look up": ("docs/json", "docs/api", "CHANGELOG"),
        "Change": ("CONTRIBUTING", "docs/design", "docs/decisions"),
    },
    "docs/decisions": {"Decisions": ("decisions/*",)},
}
_FORWARD: Final = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=README.html">\n'

project = "s3copy-async"
author = "the authors of s3copy-async"
project_copyright = f"{author}, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "README"
include_patterns = ["*.md", "docs/**.md"]
exclude_patterns = [".*", "build", "dist", "src", "tests"]
nitpicky = True
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
default_role = "literal"
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sourcelink = False
html_copy_source = False


def _read(_app: Sphinx, page: str, source: list[str]) -> None:
    """
    Adds the table of contents, which would only be in the way on GitHub.
    """
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
