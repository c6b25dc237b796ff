"""The order in which things happened, as far as causes and clocks tell, and what remains uncertain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise

from queries.offsets import Clocks


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened: `time` in epoch µs by `clock`. A clock nobody knows anything about is None."""

    clock: str | None
    time: int


Cause = tuple[int, int]  # numbers of two moments: the one came about because of the other, or was sent by it


class Order:
    """Moments in an order that contradicts neither causes nor any one clock; else by corrected time.

    `order` has the numbers of the moments, first to last. `corrected` are their times by the reference clock,
    and `bounds` how far these may be wrong, both µs and None where the clock is not known. Causes that go
    round in a circle are followed until they meet what was shown already.
    """

    def __init__(self, moments: Sequence[Moment], causes: Iterable[Cause], clocks: Clocks) -> None:
        self._moments = moments
        self._clocks = clocks
        offsets = [
            clocks.offset(moment.clock, moment.time) if moment.clock is not None else None
            for moment in moments
        ]
        self.corrected = [
            None if offset is None else moment.time - offset[0]
            for moment, offset in zip(moments, offsets, strict=True)
        ]
        self.bounds = [None if offset is None else offset[1] for offset in offsets]
        known = {cause for cause in causes if cause[0] != cause[1]}
        chains = _chains(moments, known)
        edges = _successors(len(moments), [*known, *_links(chains)])
        self._times = [
            moment.time if time is None else time
            for moment, time in zip(moments, self.corrected, strict=True)
        ]
        self.order = list(_sorted(edges, self._placed(edges)))
        self._place = {number: place for place, number in enumerate(self.order)}
        self._rank = {number: rank for chain in chains for rank, number in enumerate(chain)}
        self._seen = _seen(self.order, edges, self._rank, [moment.clock for moment in moments])

    def _placed(self, edges: Sequence[Sequence[int]]) -> list[float]:
        """The times; but no effect is held up by a cause whose clock is not known."""
        placed = list(self._times)
        for number in reversed(list(_sorted(edges, self._times))):
            if self.corrected[number] is None:
                placed[number] = min([placed[number], *(placed[effect] for effect in edges[number])])
        return placed

    def before(self, one: int, other: int) -> bool:
        """Whether the one moment led to the other, by causes and by the order of one clock."""
        clock = self._moments[one].clock
        if clock is None or self._place[one] > self._place[other]:
            return False
        return self._seen[other].get(clock, -1) >= self._rank[one]

    def uncertain(self, shown: Sequence[int]) -> dict[int, list[int]]:
        """Of some moments in their order: which others may have happened before or after each.

        The numbers are places in `shown`. A moment whose clock is not known is in no one's list.
        """
        found: dict[int, list[int]] = {place: [] for place in range(len(shown))}
        placed = [place for place, number in enumerate(shown) if self.corrected[number] is not None]
        placed.sort(key=lambda place: self._times[shown[place]])
        widest = self._widest(shown)
        first = 0
        for after, place in enumerate(placed):
            while self._times[shown[place]] - self._times[shown[placed[first]]] > widest:
                first += 1
            for earlier in placed[first:after]:
                if self._concurrent(shown[earlier], shown[place]):
                    found[earlier].append(place)
                    found[place].append(earlier)
        return {place: sorted(others) for place, others in found.items()}

    def _widest(self, shown: Sequence[int]) -> float:
        """No two moments that are further apart can be concurrent."""
        bounds = [bound for number in shown if (bound := self.bounds[number]) is not None]
        return 2 * max(bounds, default=0.0)

    def _concurrent(self, one: int, other: int) -> bool:
        first, second = self._moments[one], self._moments[other]
        if first.clock == second.clock or self.before(one, other) or self.before(other, one):
            return False
        interval = self._clocks.interval(first.clock or "", second.clock or "", first.time)
        if interval is None:
            return True
        return interval[0] <= second.time - first.time <= interval[1]


def _chains(moments: Sequence[Moment], causes: Iterable[Cause]) -> list[list[int]]:
    """The moments of each clock in its order.

    A clock that only counts milliseconds stamps a line earlier than the span it is part of: what has a cause
    by the same clock is not before it.
    """
    edges = _successors(
        len(moments),
        (cause for cause in causes if moments[cause[0]].clock == moments[cause[1]].clock is not None),
    )
    times = [moment.time for moment in moments]
    by_clock: dict[str, list[int]] = {}
    ranks = [0] * len(moments)
    for rank, number in enumerate(_sorted(edges, times)):
        ranks[number] = rank
        for effect in edges[number]:
            times[effect] = max(times[effect], times[number])
        clock = moments[number].clock
        if clock is not None:
            by_clock.setdefault(clock, []).append(number)
    return [sorted(chain, key=lambda number: (times[number], ranks[number])) for chain in by_clock.values()]


def _links(chains: Iterable[Sequence[int]]) -> Iterator[Cause]:
    for chain in chains:
        yield from pairwise(chain)


def _successors(count: int, edges: Iterable[Cause]) -> list[list[int]]:
    successors: list[list[int]] = [[] for _ in range(count)]
    for one, other in edges:
        successors[one].append(other)
    return successors


def _sorted(successors: Sequence[Sequence[int]], times: Sequence[float]) -> Iterator[int]:
    """A topological sort: of what may come next the earliest, of a circle when nothing else is left."""
    waiting = [0] * len(successors)
    for effects in successors:
        for effect in effects:
            waiting[effect] += 1
    ready = [(times[number], number) for number, causes in enumerate(waiting) if not causes]
    left = [(time, number) for number, time in enumerate(times)]
    heapify(ready)
    heapify(left)
    done = [False] * len(successors)
    while left:
        _, number = heappop(ready or left)
        if done[number]:
            continue
        done[number] = True
        yield number
        for effect in successors[number]:
            waiting[effect] -= 1
            if not waiting[effect]:
                heappush(ready, (times[effect], effect))


def _seen(
    order: Sequence[int],
    successors: Sequence[Sequence[int]],
    ranks: dict[int, int],
    clocks: Sequence[str | None],
) -> list[dict[str, int]]:
    """Vector clocks: per moment the last moment of each clock that led to it, or is it."""
    seen: list[dict[str, int]] = [{} for _ in order]
    shown: set[int] = set()
    for number in order:
        shown.add(number)
        clock = clocks[number]
        if clock is not None:
            _merge(seen[number], {clock: ranks[number]})
        for effect in successors[number]:
            if effect not in shown:  # it is in a circle
                _merge(seen[effect], seen[number])
    return seen


def _merge(into: dict[str, int], other: dict[str, int]) -> None:
    for clock, rank in other.items():
        if into.get(clock, -1) < rank:
            into[clock] = rank
