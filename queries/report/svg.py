"""Drawings as inline SVG: curves over time, and moments on a line. Colours are those of page.css."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from math import ceil, floor, log10

WIDTH, LEFT, RIGHT = 960.0, 56.0, 12.0
HEIGHT, TOP, BOTTOM = 200.0, 26.0, 22.0
ROW, LEGEND = 24.0, 16.0
COLOURS = 6

Points = Sequence[tuple[datetime, float | None]]
Span = tuple[datetime, datetime]


def curves(series: Mapping[str, Points], window: Span, marked: Span | None = None, unit: str = "") -> str:
    """One curve per series, broken where a value is unknown; `marked` is shaded."""
    values = [value for points in series.values() for _, value in points if value is not None]
    if not values:
        return ""
    names, rows = _legend(list(series))
    height = HEIGHT + LEGEND * (rows - 1)
    top = height - HEIGHT + TOP
    ticks = _ticks(max(*values, 0.0))
    scale = (height - top - BOTTOM) / ticks[-1]

    def y(value: float) -> float:
        return height - BOTTOM - value * scale

    parts = [*_span(marked, window, top, height), *_times(window, height), *names]
    for tick in ticks:
        parts.append(_line("grid", LEFT, y(tick), WIDTH - RIGHT, y(tick)))
        parts.append(_text(LEFT - 6, y(tick) + 4, f"{tick:g}{unit}", anchor="end"))
    for number, points in enumerate(series.values()):
        path = _path([(_x(time, window), None if value is None else y(value)) for time, value in points])
        parts.append(f'<path class="curve" stroke="{_colour(number)}" d="{path}"/>')
    return _svg(height, parts)


def _legend(names: Sequence[str]) -> tuple[list[str], int]:
    """The names beside dots in their colours, and how many lines that takes."""
    parts, left, row = [], LEFT, 0
    for number, name in enumerate(names):
        width = 28 + 6.6 * len(name)
        if left > LEFT and left + width > WIDTH:
            left, row = LEFT, row + 1
        middle = 9 + LEGEND * row
        parts.append(f'<circle cx="{left + 4:.1f}" cy="{middle:.1f}" r="4" fill="{_colour(number)}"/>')
        parts.append(_text(left + 12, middle + 4, name, "name"))
        left += width
    return parts, row + 1


def _colour(number: int) -> str:
    return f"var(--c{number % COLOURS})"


def moments(known: Sequence[tuple[str, datetime, float]], window: Span, marked: Span | None = None) -> str:
    """Each moment on a line of its own, with its error bound in seconds as a bar."""
    height = TOP + ROW * len(known) + BOTTOM
    parts = [*_span(marked, window, TOP, height), *_times(window, height)]
    for number, (name, time, bound) in enumerate(known):
        middle, colour = TOP + ROW * (number + 0.5), _colour(number)
        low, high = (_x(time + timedelta(seconds=sign * bound), window) for sign in (-1, 1))
        parts.append(_line("grid", LEFT, middle, WIDTH - RIGHT, middle))
        parts.append(
            f'<rect x="{low:.1f}" y="{middle - 4:.1f}" width="{max(high - low, 1):.1f}" height="8" rx="2" '
            f'fill="{colour}" opacity=".3"/>'
        )
        parts.append(
            f'<circle class="dot" cx="{_x(time, window):.1f}" cy="{middle:.1f}" r="5" fill="{colour}">'
            f"<title>{escape(name)} {time:%H:%M:%S}Z ± {bound:g} s</title></circle>"
        )
        end = _x(time, window) > WIDTH * 0.7
        parts.append(
            _text(
                (low - 10) if end else (high + 10),
                middle + 4,
                f"{name} {time:%H:%M:%S}",
                "name",
                "end" if end else "start",
            )
        )
    return _svg(height, parts)


def _svg(height: float, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH:g} {height:g}" role="img">{"".join(parts)}</svg>'


def _x(time: datetime, window: Span) -> float:
    share = (time - window[0]) / (window[1] - window[0])
    return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)


def _path(points: Sequence[tuple[float, float | None]]) -> str:
    parts, broken = [], True
    for x, y in points:
        if y is not None:
            parts.append(f"{'M' if broken else 'L'}{x:.1f} {y:.1f}")
        broken = y is None
    return "".join(parts)


def _span(marked: Span | None, window: Span, top: float, height: float) -> Iterator[str]:
    if marked:
        low, high = _x(marked[0], window), _x(marked[1], window)
        size = f'width="{max(high - low, 1):.1f}" height="{height - top - BOTTOM:.1f}"'
        yield f'<rect class="span" x="{low:.1f}" y="{top:.1f}" {size}/>'


def _times(window: Span, height: float) -> Iterator[str]:
    """A label every so many minutes that there are about eight of them."""
    seconds = (window[1] - window[0]).total_seconds()
    step = next((each for each in (10, 30, 60, 120, 300, 600, 1800, 3600) if seconds / each <= 9), 7200)
    first = ceil(window[0].timestamp() / step) * step
    for stamp in range(first, floor(window[1].timestamp()) + 1, step):
        time = datetime.fromtimestamp(stamp, window[0].tzinfo)
        x = _x(time, window)
        yield _line("grid", x, height - BOTTOM, x, height - BOTTOM + 4)
        yield _text(x, height - 6, f"{time:%H:%M:%S}" if step < 60 else f"{time:%H:%M}", anchor="middle")


def _ticks(most: float) -> list[float]:
    """Three to six round values from 0 on that reach at least to the greatest one."""
    if most <= 0:
        return [0.0, 1.0]
    step = 10.0 ** floor(log10(most))
    step = next(step * part for part in (0.2, 0.25, 0.5, 1, 2) if most / (step * part) <= 5)
    return [number * step for number in range(ceil(most / step) + 1)]


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{name}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, name: str = "", anchor: str = "start") -> str:
    of_class = f' class="{name}"' if name else ""
    return f'<text{of_class} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
