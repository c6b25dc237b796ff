"""What was pulled before: per series up to when, and which points of the last quarter of an hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from store import marks
from store.objects import Store

LAG = 120  # seconds until a point can be expected to be there: one to two minutes
OVERLAP = 900  # seconds that are read again: for so long points come late or change
FIRST = 2 * 3600  # seconds a new series is read back: it may be that old before it is discovered
STRETCH = 6 * 3600  # seconds one run reads at most of a series that is behind
KEPT = 15 * 24 * 3600  # seconds CloudWatch keeps points of a minute (API reference, GetMetricData)


@dataclass(slots=True)
class Delivered:
    """Of one series: every point before `until` was asked for; `points` are those stored since `reread`.

    Times are epoch seconds.
    """

    until: int
    points: dict[int, float] = field(default_factory=dict)

    @property
    def reread(self) -> int:
        """From when on it is asked for again."""
        return self.until - OVERLAP

    def fresh(self, points: Mapping[int, float]) -> dict[int, float]:
        """Those points that were not stored yet, or with another value."""
        return {time: value for time, value in points.items() if self.points.get(time) != value}

    def after(self, points: Mapping[int, float], until: int, period_s: int) -> Delivered:
        """What is delivered once these points are, too."""
        both, oldest = {**self.points, **points}, until - OVERLAP - period_s
        return Delivered(until, {time: value for time, value in both.items() if time > oldest})


@dataclass(slots=True)
class History:
    """All series of a region; `until` is when all that was published then was known, epoch seconds."""

    until: int
    series: dict[str, Delivered] = field(default_factory=dict)

    def of(self, series: str) -> Delivered:
        """A series nobody knew may have been published since before `until`."""
        return self.series.get(series) or Delivered(self.until - FIRST + OVERLAP)


def window(delivered: Delivered, period_s: int, now: int) -> tuple[int, int] | None:
    """From when to before when to ask, in whole periods; None if nothing new can be there."""
    end = (now - LAG) // period_s * period_s
    if delivered.until >= end:
        return None
    start = max(delivered.reread, end - KEPT) // period_s * period_s
    return start, min(end, start + max(STRETCH, 2 * period_s))


def read(store: Store, region: str, now: int) -> History:
    """The history of a region; an empty one, if there was no run."""
    mark = marks.read(store, _mark(region))
    if mark is None:
        return History(now)
    return History(mark["until"], {id: _decoded(*entry) for id, entry in mark["series"].items()})


def write(store: Store, region: str, history: History) -> None:
    """Remember it. Only after its points are durable."""
    series = {id: _encoded(delivered) for id, delivered in history.series.items()}
    marks.write(store, _mark(region), {"until": history.until, "series": series})


def _mark(region: str) -> str:
    return f"metrics/{region}"


def _encoded(delivered: Delivered) -> tuple[int, list[tuple[int, float]]]:
    """Short, for there are thousands: ages instead of times."""
    until = delivered.until
    return until, [(until - time, value) for time, value in delivered.points.items()]


def _decoded(until: int, points: Iterable[tuple[int, float]]) -> Delivered:
    return Delivered(until, {until - age: value for age, value in points})
