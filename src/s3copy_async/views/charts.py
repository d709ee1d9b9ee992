"""
Line charts as SVG, to stand in a page: no scripts, no outside resources.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 26
_TICKS: Final = 4

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chart:
    """
    Args:
        title: what is drawn, for those who cannot see it too.
        points: seconds and values, in order of time.
        value_text: how a value is written.
        time_text: how a time is written.
    """

    title: str
    points: Sequence[Point]
    value_text: Callable[[float], str]
    time_text: Callable[[float], str]


def svg(chart: Chart) -> str:
    """
    The chart as an SVG element. It takes its colours from the page.
    """
    times = [time for time, _ in chart.points] or [0.0]
    values = [value for _, value in chart.points] or [0.0]
    end, top = max(times[-1], 1e-9), nice_ceiling(max(values))
    words = f"{chart.title}: at most {chart.value_text(max(values))}, over {chart.time_text(times[-1])}"
    drawn = [_grid(chart, end, top), _line(chart.points, end, top)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">'
        f"<title>{escape(words)}</title>{''.join(drawn)}</svg>"
    )


def nice_ceiling(value: float) -> float:
    """
    The next round number that is not below `value`: 1, 2, 2.5 or 5 times a power of ten.
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if value <= step * power * (1 + 1e-9))


def _x(time: float, end: float) -> float:
    return _LEFT + time / end * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM)


def _grid(chart: Chart, end: float, top: float) -> str:
    drawn = []
    for step in range(_TICKS + 1):
        value, time = top * step / _TICKS, end * step / _TICKS
        y, x = _y(value, top), _x(time, end)
        anchor = "end" if step == _TICKS else "middle" if step else "start"
        drawn.append(
            f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(chart.value_text(value))}</text>'
            f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{escape(chart.time_text(time))}</text>'
        )
    return "".join(drawn)


def _line(points: Sequence[Point], end: float, top: float) -> str:
    if not points:
        return ""
    # A rate holds for the whole time up to its moment: steps, not slopes.
    path, before = [], 0.0
    for time, value in points:
        y = f"{_y(value, top):.1f}"
        path.append(f"{_x(before, end):.1f},{y} {_x(time, end):.1f},{y}")
        before = time
    ground = f"{_y(0, top):.1f}"
    area = f"{_x(0, end):.1f},{ground} {' '.join(path)} {_x(before, end):.1f},{ground}"
    return f'<polygon class="area" points="{area}"/><polyline class="line" points="{" ".join(path)}"/>'
