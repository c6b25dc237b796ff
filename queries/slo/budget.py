"""Error budgets: what is left of one, how fast it burns, when that deserves a page. All arithmetic is exact.

Definitions follow the SRE Workbook, chapter 5, and OpenSLO v1 (budgetingMethod):

    error ratio = bad / valid, a ratio of sums        budget = 1 - target
    burn rate   = error ratio / budget                remaining = 1 - burn rate over the whole period

Where nothing is valid the ratio is unknown (None): neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from queries.slo.series import Counts, Flags, Series

Method = Literal["Occurrences", "Timeslices", "RatioTimeslices"]
Severity = Literal["page", "ticket"]

HOUR, DAY = 60, 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Objective:
    """`slice` is in minutes; `slice_target` is the ratio from which a slice is good.

    `least` is the fewest events that a page may rest on; by default so many that the budget is worth one.
    """

    target: Fraction
    method: Method = "Occurrences"
    slice: int = 1
    slice_target: Fraction | None = None
    least: int | None = None

    def __post_init__(self) -> None:
        if self.method == "Timeslices" and self.slice_target is None:
            raise ValueError("slice_target is missing: Timeslices need one")

    @property
    def budget(self) -> Fraction:
        return 1 - self.target

    def is_enough(self, events: int) -> bool:
        """Whether so many events can tell an outage from a few unlucky requests.

        Timeslices are as many whatever the traffic: of them even one is enough.
        """
        least = 1 if self.method == "Timeslices" else -(-1 // self.budget)
        return events >= (self.least or least)


@dataclass(frozen=True, slots=True)
class Tally:
    """What counts as good, of how much: events, or slices.

    `events` is how many are known to be good or bad. Of the `expected` slices so many are `covered`: they
    have data, most of which is known. Others count as if they had none.
    """

    good: Fraction
    total: int
    events: int
    covered: int
    expected: int

    @property
    def ratio(self) -> Fraction | None:
        return self.good / self.total if self.total else None

    @property
    def coverage(self) -> Fraction:
        return Fraction(self.covered, self.expected) if self.expected else Fraction(0)


def tally(series: Series, objective: Objective, since: int, until: int) -> Tally:
    """The minutes from `since` to before `until`, numbers since the epoch, by the objective's method."""
    slices = series.between(since, until).by(objective.slice)
    known = slices.known
    events, covered = int(slices.valid[known].sum()), int(known.sum())
    if objective.method == "Occurrences":
        good, total = Fraction(int(slices.good[known].sum())), events
    elif objective.method == "Timeslices":
        good, total = Fraction(int((_is_good(slices, objective) & known).sum())), covered
    else:
        good, total = _ratios(slices.good[known], slices.valid[known]), covered
    return Tally(good, total, events, covered, int(slices.counted.sum()))


def _is_good(slices: Series, objective: Objective) -> Flags:
    """Which slices reach the objective's ratio."""
    assert objective.slice_target is not None
    parts, whole = objective.slice_target.as_integer_ratio()
    fits = int(slices.valid.max(initial=0)) * whole < 2**63
    good, valid = (counts if fits else counts.astype(np.object_) for counts in (slices.good, slices.valid))
    reached: Flags = good * whole >= valid * parts
    return reached.astype(np.bool_)


def spent(slices: Series, objective: Objective) -> tuple[NDArray[np.float64], Counts]:
    """What each slice takes from the budget, and of how much: for a chart, so rounded."""
    known = slices.known.astype(np.int64)
    bad = slices.valid - slices.good
    if objective.method == "Occurrences":
        return (known * bad).astype(np.float64), known * slices.valid
    if objective.method == "Timeslices":
        return (known * ~_is_good(slices, objective)).astype(np.float64), known
    return (known * bad / np.maximum(slices.valid, 1)).astype(np.float64), known


def _ratios(good: Counts, valid: Counts) -> Fraction:
    """The exact sum of good / valid: by denominator at first, and then in pairs, as the sums grow long."""
    sizes, places = np.unique(valid, return_inverse=True)
    sums = np.zeros(len(sizes), np.int64)
    np.add.at(sums, places, good)
    terms = [Fraction(int(part), int(size)) for part, size in zip(sums, sizes, strict=True)]
    while len(terms) > 1:
        terms = [sum(terms[at : at + 2], Fraction(0)) for at in range(0, len(terms), 2)]
    return terms[0] if terms else Fraction(0)


def burn_rate(tally: Tally, objective: Objective) -> Fraction | None:
    """How many times faster than allowed the budget is used up; 1 uses up just all of it in the period."""
    return None if tally.ratio is None else (1 - tally.ratio) / objective.budget


@dataclass(frozen=True, slots=True)
class Pair:
    """A long and a short window, in minutes, that must both burn faster than `factor`."""

    severity: Severity
    long: int
    short: int
    factor: Fraction

    def fires(self, long: Fraction | None, short: Fraction | None) -> bool:
        """By the burn rates over both windows; an unknown one fires nothing."""
        return long is not None and short is not None and long > self.factor and short > self.factor

    def scaled(self, base: int, period: int) -> Pair:
        """The same for another period than the `base` it is made for: its windows grow and shrink with it."""
        long, short = (scaled(minutes, base, period) for minutes in (self.long, self.short))
        return Pair(self.severity, long, short, self.factor)


def scaled(minutes: int, base: int, period: int) -> int:
    """Pyrra's rule: in proportion, rounded to whole minutes (a half up); at least one."""
    return max((2 * minutes * period + base) // (2 * base), 1)


# Long window, short window, and the share of the budget that is gone when a pair fires: SRE Workbook, table
# 5-8, and sloth's catalogues for 30 days and for 7.
_WINDOWS: tuple[tuple[Severity, int, int], ...] = (
    ("page", HOUR, 5),
    ("page", 6 * HOUR, 30),
    ("ticket", DAY, 2 * HOUR),
    ("ticket", 3 * DAY, 6 * HOUR),
)
_MONTH = tuple(Fraction(share, 100) for share in (2, 5, 10, 10))
_WEEK = (Fraction(8, 100), Fraction(125, 1000), Fraction(20, 100), Fraction(42, 100))


def pairs(period: int) -> tuple[Pair, ...]:
    """The four pairs for a period in minutes, the fastest first: factor = share of budget * period / long.

    A period of less than a week has a week's, scaled.
    """
    if period < 7 * DAY:
        return tuple(pair.scaled(7 * DAY, period) for pair in pairs(7 * DAY))
    return _pairs(period, _MONTH if period >= 28 * DAY else _WEEK)


def _pairs(period: int, shares: Sequence[Fraction]) -> tuple[Pair, ...]:
    return tuple(
        Pair(severity, long, short, share * period / long)
        for (severity, long, short), share in zip(_WINDOWS, shares, strict=True)
    )


def exhaustion(remaining: Fraction, burning: Fraction | None, period: int) -> Fraction | None:
    """Minutes until the budget is used up at this burn rate: 0 if it is, None if it never will be."""
    if remaining <= 0:
        return Fraction(0)
    return remaining * period / burning if burning else None


def detection(objective: Objective, pair: Pair, error_ratio: Fraction) -> Fraction | None:
    """Minutes until a pair fires once errors of this ratio begin, on a clean history at constant traffic.

    The SRE Workbook's formula; None if it never fires.
    """
    if error_ratio <= pair.factor * objective.budget:
        return None
    return pair.factor * objective.budget * pair.long / error_ratio


def silence(objective: Objective, pair: Pair, waiting: int) -> int:
    """Minutes without any data after which that is worth an alert: as long as an outage would take to fire.

    `waiting` is how long the pair's alert has to be true. Pyrra's rule, rounded to whole minutes.
    """
    return round(pair.factor * objective.budget * pair.long + waiting)
