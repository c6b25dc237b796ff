"""What a service level indicator counted, minute by minute."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Counts of consecutive minutes, `start` being the number of the first since the epoch.

    Of its events `valid` are known to be good or bad, `good` are good, and `unknown` may be one or the other.
    A minute without events is one without data. Minutes that are not `counted` are left out: a drill's.
    """

    start: int
    good: Counts
    valid: Counts
    unknown: Counts
    counted: Flags

    @classmethod
    def of(
        cls,
        since: int,
        until: int,
        minutes: ArrayLike,
        good: ArrayLike,
        valid: ArrayLike,
        unknown: ArrayLike | None = None,
    ) -> Series:
        """The minutes from `since` to before `until` out of counts by minute, in any order and added up.

        Raises ValueError for counts that cannot be.
        """
        at = np.asarray(minutes, np.int64) - since
        within = (at >= 0) & (at < until - since)

        def dense(counts: ArrayLike) -> Counts:
            total = np.zeros(max(until - since, 0), np.int64)
            np.add.at(total, at[within], np.asarray(counts, np.int64)[within])
            return total

        series = cls(
            since,
            dense(good),
            dense(valid),
            dense(np.zeros_like(at) if unknown is None else unknown),
            np.ones(max(until - since, 0), np.bool_),
        )
        if ((series.good < 0) | (series.unknown < 0) | (series.good > series.valid)).any():
            raise ValueError("good must be from 0 to valid in every minute, and unknown at least 0")
        return series

    @property
    def end(self) -> int:
        return self.start + len(self.valid)

    @property
    def first(self) -> int | None:
        """The first minute with any events."""
        there = np.flatnonzero(self.valid + self.unknown)
        return self.start + int(there[0]) if len(there) else None

    @property
    def known(self) -> Flags:
        """The minutes with data, most of which is known to be good or bad."""
        known: Flags = self.valid > self.unknown
        return known

    def between(self, since: int, until: int) -> Series:
        """The minutes from `since` to before `until` that the series holds."""
        part = slice(max(since - self.start, 0), max(until - self.start, 0))
        return Series(
            max(since, self.start), self.good[part], self.valid[part], self.unknown[part], self.counted[part]
        )

    def without(self, minutes: Flags) -> Series:
        """The same, as if nothing had been looked at in some of its minutes."""
        kept = np.where(minutes, 0, 1)
        return replace(
            self,
            good=self.good * kept,
            valid=self.valid * kept,
            unknown=self.unknown * kept,
            counted=self.counted & ~minutes,
        )

    def by(self, size: int) -> Series:
        """Sums over slices of `size` minutes since the epoch; the first and the last may be cut off."""
        if size == 1 or not len(self.valid):
            return self
        cuts = np.unique([0, *range(-self.start % size, len(self.valid), size)])
        return Series(
            self.start // size,
            np.add.reduceat(self.good, cuts),
            np.add.reduceat(self.valid, cuts),
            np.add.reduceat(self.unknown, cuts),
            np.logical_or.reduceat(self.counted, cuts),
        )


def merged(all_series: Iterable[Series]) -> Series:
    """The events of several series of the same minutes as those of one; a minute counts if all count it."""
    total, *others = all_series
    for series in others:
        total = Series(
            total.start,
            total.good + series.good,
            total.valid + series.valid,
            total.unknown + series.unknown,
            total.counted & series.counted,
        )
    return total
