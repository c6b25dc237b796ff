"""How often a kind of error occurred, against the time before and against other regions."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from math import sqrt


@dataclass(frozen=True, slots=True)
class Series:
    """A count by minute, and its sums up to each minute."""

    minutes: Sequence[datetime]
    sums: Sequence[int]

    @classmethod
    def of(cls, counts: Mapping[datetime, int]) -> Series:
        minutes = sorted(counts)
        return cls(minutes, [0, *accumulate(counts[minute] for minute in minutes)])

    def total(self, since: datetime, until: datetime) -> int:
        """The sum over the minutes that begin in the span; `until` is exclusive."""
        return self.sums[bisect_left(self.minutes, until)] - self.sums[bisect_left(self.minutes, since)]


@dataclass(frozen=True, slots=True)
class Count:
    """So many errors in so many requests."""

    errors: int
    requests: int

    def expected(self, requests: int) -> float | None:
        """How many errors there would be in so many requests; unknown if there were none to compare with.

        Half an error is added to what was seen, so that a few requests without one do not promise none.
        """
        return (self.errors + 0.5) / self.requests * requests if self.requests else None


@dataclass(frozen=True, slots=True)
class Rise:
    """Errors in one place and time, and how many the time before and the other regions let expect."""

    here: Count
    before: float | None
    elsewhere: float | None

    @property
    def grown(self) -> bool:
        """Whether there are more than there were before; False as well if that is unknown."""
        return self.before is not None and _exceeds(self.here.errors, self.before)

    @property
    def local(self) -> bool:
        """Whether there are more than elsewhere; False as well if that is unknown."""
        return self.elsewhere is not None and _exceeds(self.here.errors, self.elsewhere)

    def __str__(self) -> str:
        known = ((self.before, "before"), (self.elsewhere, "elsewhere"))
        usual = ", ".join(f"{count:.1f} at the rate {where}" for count, where in known if count is not None)
        return f"{self.here.errors} in {self.here.requests} requests ({usual or 'usual rate unknown'})"


def _exceeds(count: int, expected: float) -> bool:
    """By four standard deviations of a Poisson count, so never with less than three."""
    return count > expected + 4 * sqrt(max(expected, 0.25))


class Counts:
    """Errors by kind, service and region, and requests by region, all by minute.

    A kind is a pattern (the same text, or status) or a type (the same exception): an error is of both.
    """

    def __init__(
        self,
        errors: Iterable[tuple[str | None, str | None, str | None, str, datetime, int]],
        requests: Iterable[tuple[str, datetime, int, int]],
    ) -> None:
        """Of (pattern, type, service, region, minute, errors) and (region, minute, requests, failed)."""
        found: dict[str | None, dict[tuple[str | None, str], dict[datetime, int]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(int))
        )
        for pattern, type, service, region, minute, count in errors:
            for kind in {pattern, type}:
                found[kind][service, region][minute] += count
        self._errors = {
            kind: {place: Series.of(counts) for place, counts in places.items()}
            for kind, places in found.items()
        }
        asked: dict[str, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
        failed: dict[str, dict[datetime, int]] = defaultdict(lambda: defaultdict(int))
        for region, minute, count, bad in requests:
            asked[region][minute] += count
            failed[region][minute] += bad
        self._requests = {region: Series.of(counts) for region, counts in asked.items()}
        self._failed = {region: Series.of(counts) for region, counts in failed.items()}

    @property
    def regions(self) -> Collection[str]:
        """Those that answered requests."""
        return self._requests.keys()

    def errors(
        self,
        kind: str | None,
        regions: Collection[str],
        since: datetime,
        until: datetime,
        service: str | None = None,
    ) -> Count:
        """The errors of a kind in some regions, of one service or of all."""
        errors = sum(
            series.total(since, until)
            for (name, region), series in self._errors.get(kind, {}).items()
            if region in regions and service in (None, name)
        )
        return Count(errors, self.requests(regions, since, until))

    def failed(self, regions: Collection[str], since: datetime, until: datetime) -> Count:
        """The requests to some regions that were answered with 5xx."""
        failed = sum(
            series.total(since, until) for region, series in self._failed.items() if region in regions
        )
        return Count(failed, self.requests(regions, since, until))

    def requests(self, regions: Collection[str], since: datetime, until: datetime) -> int:
        return sum(
            series.total(since, until) for region, series in self._requests.items() if region in regions
        )

    def first(self, kind: str | None, service: str | None) -> datetime | None:
        """The minute in which an error of a kind and service was first seen in any region."""
        found = self._errors.get(kind, {}).items()
        return min((series.minutes[0] for (name, _), series in found if name == service), default=None)
