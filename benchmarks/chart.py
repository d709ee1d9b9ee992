"""
The figures as bars: an SVG without scripts and outside resources, for light and dark screens.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from benchmarks import model, words
from benchmarks.model import OURS, Result, Section

WIDTH: Final = 720
_LEFT: Final = 130
_BARS: Final = 310
_BAR: Final = 18
_STEP: Final = 24
_HEAD: Final = 46
_TOP: Final = 40
_STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.head { font-weight: 600 }
.soft { fill: #59636e }
.paper { fill: #ffffff; stroke: #d1d9e0 }
.peer { fill: #9aa7b5 }
.ours { fill: #1f6feb }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .soft { fill: #9198a1 }
  .paper { fill: #0d1117; stroke: #3d444d }
  .peer { fill: #656c76 }
  .ours { fill: #4493f8 }
}
"""


def svg(sections: Sequence[Section], note: str) -> str:
    """
    All sections that were run, one below the other; longer bars are faster.
    """
    drawn: list[str] = []
    at = _TOP
    for section in sections:
        if section.results:
            drawn += _section(section, at)
            at += _HEAD + _STEP * len(section.results)
    height = at + 36
    title = "Rates of s3copy and other programs; longer is faster"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
            _text(16, 28, title, "title"),
            *drawn,
            _text(16, height - 14, note, "soft"),
            "</svg>\n",
        )
    )


def _section(section: Section, top: int) -> list[str]:
    """
    A heading and a bar for each program, in proportion to the fastest.
    """
    fastest = max((model.rate(section.workload, result) for result in section.results if result.samples), default=1.0)
    drawn = [_text(16, top + 28, _heading(section), "head")]
    for place, result in enumerate(section.results):
        drawn += _bar(section, result, fastest, top + _HEAD - 8 + place * _STEP)
    return drawn


def _bar(section: Section, result: Result, fastest: float, top: int) -> list[str]:
    base = top + 13
    name = _text(_LEFT - 8, base, result.tool, "end")
    if not result.samples:
        return [name, _text(_LEFT, base, words.failed(result), "soft")]
    width = max(1.0, _BARS * model.rate(section.workload, result) / fastest)
    said = words.pace(section.workload, result)
    if (ours := model.ours(section)) is not None and ours is not result:
        said += f", {words.times(model.seconds(result), model.seconds(ours))} times as long"
    kind = "ours" if result.tool.startswith(OURS) else "peer"
    return [
        name,
        f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2"/>',
        _text(_LEFT + width + 8, base, said, "soft"),
    ]


def _heading(section: Section) -> str:
    load = section.workload.load
    amount = words.size(load.size) if load.objects == 1 else f"{load.objects:,} of {words.size(load.size)}"
    return section.workload.title if load.objects == 1 else f"{section.workload.title}: {amount}"


def _text(x: float, y: float, text: str, kind: str) -> str:
    anchor = ' text-anchor="end"' if kind == "end" else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y}"{anchor}>{escape(text)}</text>'
