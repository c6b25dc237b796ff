"""One error with all that was going on around it: what the rules of explain() are asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from queries.explain.counts import Count, Counts, Rise
from queries.explain.records import Error, Event, Evidence, Operation, Point
from queries.explain.versions import Key

MINUTE = timedelta(minutes=1)
AROUND = 2 * MINUTE  # before and after an error: what is of the same time
RECENT = 5 * MINUTE  # before an error: may belong to the same trouble, so it is no part of the baseline
BASELINE = timedelta(hours=1)  # before an error: how things usually are
CLOCKS = timedelta(milliseconds=250)  # by which clocks of regions may differ where nothing better is known
STEP = timedelta(seconds=5)  # more than a clock is ever off

Ahead = tuple[timedelta, timedelta] | None  # of a clock before another: least and most; None is unknown


@dataclass(frozen=True)
class Surroundings:
    """What was going on in all regions at the time of all errors that are to be explained.

    `events` are in the order of time, `keys` holds operations by key_hash and store, and `clocks` tells how
    far the clock of a second region was ahead of that of a first at a time.
    """

    events: Sequence[Event]
    points: Sequence[Point]
    counts: Counts
    keys: Mapping[str, Mapping[str, Sequence[Operation]]]
    clocks: Callable[[str, str, datetime], Ahead]

    @cached_property
    def points_by_minute(self) -> Mapping[datetime, Sequence[Point]]:
        found: dict[datetime, list[Point]] = defaultdict(list)
        for point in self.points:
            found[point.time].append(point)
        return found


@dataclass(frozen=True, slots=True)
class Situation:
    error: Error
    around: Surroundings

    @property
    def time(self) -> datetime:
        return self.error.main.time

    @property
    def region(self) -> str:
        return self.error.main.region

    def key(self, operation: Operation) -> Key:
        """All that is known of the key of an operation in its store."""
        return Key(self.around.keys.get(operation.key_hash, {}).get(operation.store, (operation,)))

    def same_key(self, operation: Operation) -> Iterator[Operation]:
        """What was done to the key of an operation in any store: to a file, and to what is noted of it."""
        for operations in self.around.keys.get(operation.key_hash, {}).values():
            yield from operations

    def writes_before(self, read: Operation) -> Iterator[Operation]:
        """The writes of its key that were acknowledged before a read began, the latest first."""
        for one in reversed(self.key(read).operations):
            if one.op == "write" and one.version and self.precedes(one, read):
                yield one

    def precedes(self, one: Operation, read: Operation) -> bool:
        """Whether an operation can have ended before a read began, as far as the clocks tell."""
        gap = read.started - one.time
        if one.region == read.region or not -STEP < gap < CLOCKS:
            return gap >= timedelta(0)
        ahead = self.around.clocks(one.region, read.region, read.started)
        return gap >= (ahead[0] if ahead else -CLOCKS)

    def events(self, *kinds: str, within: timedelta, after: timedelta = timedelta(0)) -> Iterator[Event]:
        """Events of some kinds, the latest first, from so long before the error to so long after it."""
        for event in reversed(self.around.events):
            if event.kind in kinds and self.time - within <= event.time <= self.time + after:
                yield event

    def metrics(self, word: str) -> Iterator[Point]:
        """Points of the metrics with a word in their name, of the error's minute, then of those beside it."""
        minute = self.time.replace(second=0, microsecond=0)
        for near in (minute, minute - MINUTE, minute + MINUTE):
            for point in self.around.points_by_minute.get(near, ()):
                if word in point.name:
                    yield point

    def lag(self, write: Operation, read: Operation) -> tuple[Evidence, ...]:
        """The replication lag of the store on the way from a write to a read, if it was measured."""
        way = (write.served_by, read.served_by)
        for point in self.metrics("Replication"):
            if (point.source_region, point.target_region) == way and write.store in (point.resource or ""):
                return (point.evidence(f"lag of {write.store} up to {point.value:.0f} ms"),)
        return ()

    def rise(self, regions: Collection[str]) -> Rise:
        """How often errors of this type occurred around this time in some regions."""
        type = self.error.main.type
        return self._rise(regions, lambda *span: self.around.counts.errors(type, *span))

    def failures(self, region: str) -> Rise:
        """How many requests to a region were answered with 5xx around this time."""
        return self._rise({region}, self.around.counts.failed)

    def _rise(
        self, here: Collection[str], count: Callable[[Collection[str], datetime, datetime], Count]
    ) -> Rise:
        since, until = self.time - AROUND, self.time + AROUND + MINUTE
        now = count(here, since, until)
        before = count(here, self.time - BASELINE, self.time - RECENT)
        if (
            before.requests < now.requests
        ):  # the record does not go back far enough to leave these minutes out
            before = count(here, self.time - BASELINE, since)
        others = count(set(self.around.counts.regions) - set(here), since, until)
        return Rise(now, before.expected(now.requests), others.expected(now.requests))
