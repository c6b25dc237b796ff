"""Error budgets: what is left of one, how fast it burns, when that deserves a page. All arithmetic is exact.

Definitions follow the SRE Workbook, chapter 5, and OpenSLO v1 (budgetingMethod):

    error ratio = bad / valid, a ratio of sums        budget = 1 - target
    burn rate   = error ratio / budget                remaining = 1 - burn rate over the whole period

Where nothing is valid the ratio is unknown (None): neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Method = Literal["Occurrences", "Timeslices", "RatioTimeslices"]
Severity = Literal["page", "ticket"]

HOUR, DAY = 60, 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Minute:
    """Counts of one minute; `time` is the minute's number since the epoch."""

    time: int
    good: int
    valid: int


@dataclass(frozen=True, slots=True)
class Objective:
    """`period` and `slice` are in minutes; `slice_target` is the ratio from which a slice is good."""

    target: Fraction
    period: int
    method: Method = "Occurrences"
    slice: int = 1
    slice_target: Fraction | None = None

    @property
    def budget(self) -> Fraction:
        return 1 - self.target


@dataclass(frozen=True, slots=True)
class Tally:
    """What counts as good, of how much: events, or slices. `covered` is the share of slices with any data."""

    good: Fraction
    total: int
    covered: Fraction

    @property
    def ratio(self) -> Fraction | None:
        return self.good / self.total if self.total else None


def tally(minutes: Iterable[Minute], objective: Objective, since: int, until: int) -> Tally:
    """The minutes from `since` to before `until`, numbers since the epoch, by the objective's method."""
    within = [minute for minute in minutes if since <= minute.time < until]
    slices = [*_slices(within, objective.slice)]
    covered = Fraction(len(slices), max(-(-(until - since) // objective.slice), 1))
    if objective.method == "Occurrences":
        good, valid = sum(minute.good for minute in within), sum(minute.valid for minute in within)
        return Tally(Fraction(good), valid, covered)
    if objective.method == "RatioTimeslices":
        return Tally(sum(slices, Fraction(0)), len(slices), covered)
    floor = objective.slice_target
    if floor is None:
        raise ValueError("slice_target is missing: Timeslices need one")
    return Tally(Fraction(sum(ratio >= floor for ratio in slices)), len(slices), covered)


def _slices(minutes: Iterable[Minute], size: int) -> Iterator[Fraction]:
    """The ratio of every slice with valid events."""
    counts: dict[int, tuple[int, int]] = {}
    for minute in minutes:
        good, valid = counts.get(minute.time // size, (0, 0))
        counts[minute.time // size] = good + minute.good, valid + minute.valid
    return (Fraction(good, valid) for good, valid in counts.values() if valid)


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


def pairs(period: int, shares: Sequence[Fraction] | None = None) -> tuple[Pair, ...]:
    """The four pairs for a period in minutes, the fastest first: factor = share of budget * period / long.

    `shares` default to those of the catalogue; ValueError for a period of less than a week, which has none.
    """
    if shares is None and period < 7 * DAY:
        raise ValueError(f"period is {period} minutes: must be 7 days or more, or have shares of its own")
    shares = shares or (_MONTH if period >= 28 * DAY else _WEEK)
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
