"""The lag that a probe proves, and how exact it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from collector.probes.stamp import Echo
from collector.probes.watch import Watch

# Two clocks that run right differ by less than 200 parts per million; more is a clock fault
# (NTP itself slews by 500 ppm at most, RFC 5905).
DRIFT = 200e-6


@dataclass(frozen=True, slots=True)
class Bounded:
    """A value in milliseconds, and how far from it the true one may be."""

    ms: float
    bound_ms: float

    @classmethod
    def between(cls, least: float, most: float, measured: float) -> Self:
        """The middle of two bounds in seconds; `measured` is how long the clocks were relied on."""
        half = (most - least) / 2 + DRIFT * measured
        return cls((least + most) / 2 * 1000, half * 1000)


@dataclass(frozen=True, slots=True)
class Written:
    """One write: when it began and when it was acknowledged, in seconds that never step and in epoch µs."""

    begun: float
    begun_at: int
    acked: float
    acked_at: int


def one_way(written: Written, watched: Watch, seen: float, shows_absence: bool) -> Bounded:
    """From acknowledged to visible, both on the prober's clock: L = t_visible(B) − t_ack(A), eps = 0.

    It lies between the begin of the last read that missed the item and the end of the first that showed it;
    if it was visible before the acknowledgement came, it is zero.
    """
    missed = watched.missed if shows_absence and watched.missed is not None else written.acked
    most = max(0.0, seen - written.acked)
    return Bounded.between(max(0.0, missed - written.acked), most, seen - written.begun)


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What an echo proves, as one clock sees it: L_AB + L_BA = (t4 − t1) − (t3 − t2).

    t1 is the acknowledgement in A, t2 the sight of the item in B, t3 the begin of the answer's write, t4 the
    sight of the answer in A; each difference is of one clock, so their offset cancels out. `way_out` is L_AB
    alone: neither way takes less than nothing, so it is between zero and the whole. `offset` is how far B's
    clock is ahead of A's, as NTP has it (RFC 5905): ((T2 − T1) + (T3 − T4)) / 2, right within half the delay.
    """

    way_out: Bounded
    both_ways: Bounded
    offset: Bounded


def round_trip(written: Written, watched: Watch, seen: float, echo: Echo) -> RoundTrip:
    """What the prober measured and the answer tells, put together."""
    measured = seen - written.begun + (echo.held_at_most or echo.held)
    most = seen - written.acked - echo.held
    least = written.begun - written.acked  # no item is visible before its write begins
    if watched.missed is not None and echo.held_at_most is not None:
        least = max(least, watched.missed - written.acked - echo.held_at_most)
    there, back = echo.seen - written.begun_at, watched.seen_at - echo.sent  # µs
    return RoundTrip(
        way_out=Bounded.between(0.0, max(0.0, most), measured),
        both_ways=Bounded.between(min(least, most), most, measured),
        offset=Bounded((there - back) / 2000, (there + back) / 2000 + DRIFT * measured * 1000),
    )
