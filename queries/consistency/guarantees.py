"""What each read kept of what its session, and everybody else, had done before.

Definitions: Terry et al. 1994 (read your writes, monotonic reads); a stale read misses a write of anybody
that was acknowledged before it began. An order of two regions' clocks counts only as far as it is certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from queries.consistency.history import NEVER, UNKNOWN, Between, Codes, Flags, History, Times

HORIZON = 300_000  # ms after its write in which a session's reads have to show it
RESOLUTION = 1  # ms in which CloudWatch stamps an event
NOTHING, KEPT, VIOLATED, DOUBTFUL = range(4)  # verdicts; NOTHING: there was nothing to be kept


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of each of the `reads` (rows of the history) the verdict, and who wrote what had to be seen."""

    guarantee: str
    reads: Codes
    verdict: Codes
    written_in: Codes  # as a code of History.served_by; -1 is unknown


@dataclass(frozen=True, slots=True)
class Moments:
    """Reads of one region, and how far the clock of another one is ahead of theirs: from `low` to `high`."""

    rows: Codes  # positions in the array of reads
    there: int
    low: Times
    high: Times
    surely: Times  # by the other clock: the reads did not begin before
    possibly: Times  # and as late as this they may have begun
    apart: bool  # whether sessions there cannot be told to be those of here


@dataclass(frozen=True, slots=True)
class Found:
    """The last write of one region before each of some reads; its end by the clock of the read."""

    reads: Codes
    writes: Codes  # rows of the history
    earliest: Times
    latest: Times
    sure: Flags  # that it is the session's own, within the horizon, and before


class Timelines:
    """Operations by group and time, to be asked for the last one of a group up to a time."""

    def __init__(self, history: History, rows: Codes, groups: Codes) -> None:
        ended = history.ended[rows] if len(rows) else np.zeros(1, np.int64)
        self._first = int(ended.min())
        self._span = int(ended.max()) - self._first + 2
        at = groups * self._span + history.ended[rows] - self._first
        order = np.argsort(at, kind="stable")
        self._at, self._groups, self.rows = at[order], groups[order], rows[order]
        self._present = np.zeros(int(groups.max(initial=-1)) + 2, np.bool_)
        self._present[groups] = True

    def until(self, groups: Codes, times: Times, asking: Codes) -> Codes:
        """Where in `rows` the last operation of each group is that ended by the time; -1 if there is none.

        `asking` are the rows that it is asked for, which do not find themselves.
        """
        found = np.full(len(groups), -1)
        there = self._present[np.minimum(groups, len(self._present) - 1)]
        within = np.clip(times[there] - self._first, -1, self._span - 1)
        last = np.searchsorted(self._at, groups[there] * self._span + within, side="right") - 1
        last -= (last >= 0) & (self.rows[last] == asking[there])
        same = (last >= 0) & (within >= 0) & (self._groups[last] == groups[there])
        found[there] = np.where(same, last, -1)
        return found

    def highest(self, values: Codes) -> Codes:
        """For each of `rows` the greatest value of its group so far; values are at least -1."""
        step = int(values.max(initial=0)) + 2
        return np.maximum.accumulate(self._groups * step + values[self.rows] + 1) - self._groups * step - 1


Past = tuple[Timelines, Codes]  # operations, and the groups by which a row of the history asks for them


class Guarantees:
    """The verdicts on one history. `between` bounds how far clocks are ahead, `apart` names pairs of regions
    whose sessions have different pseudonyms."""

    def __init__(self, history: History, between: Between, apart: frozenset[tuple[str, str]]) -> None:
        self.history = history
        self._between = between
        self._apart = apart
        sessions = len(history.session.names) + 1
        _, self._own = np.unique(history.keys * sessions + history.own + 1, return_inverse=True)
        self.reads = np.flatnonzero(~history.is_write & history.inside)
        self._rank = history.rank[self.reads]
        self._of_session = history.own[self.reads] >= 0

    def all(self) -> Iterator[Verdicts]:
        yield self.read_your_writes()
        yield self.monotonic_reads()
        yield self.stale_reads()

    def read_your_writes(self) -> Verdicts:
        """Of reads within HORIZON after the session's last write of the key: at least its version.

        Each region has a last write of its own; those that may be the last of all have to agree.
        """
        count = len(self.reads)
        pasts = self._pasts(self.history.is_write)
        found = [each for moment in self._moments() for each in self._writes(moment, pasts[moment.apart])]
        ended, last = np.full(count, NEVER), np.full(count, -1)
        for each in found:
            later = each.sure & (each.earliest > ended[each.reads])
            ended[each.reads[later]], last[each.reads[later]] = each.earliest[later], each.writes[later]
        sure, shows, hides = last >= 0, np.ones(count, np.bool_), np.ones(count, np.bool_)
        for each in found:
            may_be = each.latest >= ended[each.reads]
            reads, writes = each.reads[may_be], each.writes[may_be]
            rank, shown = self.history.rank[writes], self._rank[reads]
            known = (rank != UNKNOWN) & (shown != UNKNOWN)
            shows[reads] &= known & (shown >= rank)
            hides[reads] &= known & (shown < rank)
            last[reads] = np.where(last[reads] >= 0, last[reads], writes)
        something = self._of_session & (last >= 0)
        verdict = _verdict(something, kept=sure & shows, violated=sure & hides)
        return Verdicts("read_your_writes", self.reads, verdict, self.history.served_by.codes[last])

    def monotonic_reads(self) -> Verdicts:
        """Of reads of a key that their session has read before: at least the greatest version it has seen."""
        return self._at_least("monotonic_reads", self._pasts(~self.history.is_write), self._of_session)

    def stale_reads(self) -> Verdicts:
        """Of reads of a key that somebody has written before: at least the greatest version written."""
        anyone = self._past(self.history.is_write, self.history.keys)
        return self._at_least("stale_reads", {False: anyone, True: anyone}, np.ones_like(self._of_session))

    def _at_least(self, guarantee: str, pasts: dict[bool, Past], judged: Flags) -> Verdicts:
        rank, count = self.history.rank, len(self.reads)
        highest = {apart: past.highest(rank) for apart, (past, _) in pasts.items()}
        blind = {apart: past.highest((rank == UNKNOWN) + 0) == 1 for apart, (past, _) in pasts.items()}
        certain, possible = np.full(count, UNKNOWN), np.full(count, UNKNOWN)
        sure, something, unknown = (np.zeros(count, np.bool_) for _ in range(3))
        for moment in self._moments():
            own = not moment.apart or pasts[True] is pasts[False]
            for last, surely in self._last(pasts[moment.apart], moment):
                reads, found = moment.rows[last >= 0], last[last >= 0]
                seen = highest[moment.apart][found]
                something[reads] = True
                possible[reads] = np.maximum(possible[reads], seen)
                unknown[reads] |= blind[moment.apart][found]
                if surely and own:
                    sure[reads] = True
                    certain[reads] = np.maximum(certain[reads], seen)
        known = sure & (self._rank != UNKNOWN)
        verdict = _verdict(
            something & judged,
            kept=known & ~unknown & (self._rank >= possible),
            violated=known & (self._rank < certain),
        )
        return Verdicts(guarantee, self.reads, verdict, self._writers(np.where(sure, certain, possible)))

    def _pasts(self, before: Flags) -> dict[bool, Past]:
        """Operations by session, and by key alone for where sessions cannot be compared (True)."""
        pasts = {False: self._past(before, self._own)}
        return pasts | {True: self._past(before, self.history.keys) if self._apart else pasts[False]}

    def _past(self, before: Flags, groups: Codes) -> Past:
        rows = np.flatnonzero(before)
        return Timelines(
            self.history, rows, self._by_clock(groups, rows, self.history.clock.codes[rows])
        ), groups

    def _by_clock(self, groups: Codes, rows: Codes, clock: Codes | int) -> Codes:
        return groups[rows] * len(self.history.clock.names) + clock

    def _moments(self) -> Iterator[Moments]:
        """The reads of each region by the clock of each."""
        history, names = self.history, self.history.clock.names
        began, clocks = history.began[self.reads], history.clock.codes[self.reads]
        latest = np.where(began == NEVER, history.ended[self.reads], began)
        for here, there in product(range(len(names)), repeat=2):
            rows = np.flatnonzero(clocks == here)
            low, high = self._between(names[here], names[there], began[rows])
            surely, possibly = began[rows] + low - RESOLUTION, latest[rows] + high + RESOLUTION
            yield Moments(
                rows, there, low, high, surely, possibly, (names[here], names[there]) in self._apart
            )

    def _last(self, past: Past, moment: Moments) -> Iterator[tuple[Codes, bool]]:
        """The last operation that surely had ended before each read, then the last that possibly had."""
        timelines, groups = past
        reads = self.reads[moment.rows]
        asked = self._by_clock(groups, reads, moment.there)
        yield timelines.until(asked, moment.surely, reads), True
        yield timelines.until(asked, moment.possibly, reads), False

    def _writes(self, moment: Moments, past: Past) -> Iterator[Found]:
        began, ended = self.history.began[self.reads], self.history.ended
        for last, surely in self._last(past, moment):
            there = last >= 0
            reads, writes = moment.rows[there], past[0].rows[last[there]]
            earliest, latest = ended[writes] - moment.high[there], ended[writes] + 1 - moment.low[there]
            near = began[reads] - latest <= HORIZON
            sure = (began[reads] - earliest <= HORIZON) & surely & (not moment.apart)
            yield Found(reads[near], writes[near], earliest[near], latest[near], sure[near])

    def _writers(self, ranks: Codes) -> Codes:
        """The regions that wrote versions, as codes of History.served_by; -1 is unknown."""
        codes = {name: code for code, name in enumerate(self.history.served_by.names)}
        writers = [codes.get(name or "", -1) for name in self.history.written_in]
        return np.array([*writers, -1])[ranks]


def _verdict(something: Flags, kept: Flags, violated: Flags) -> Codes:
    return np.select([~something, violated, kept], [NOTHING, VIOLATED, KEPT], DOUBTFUL)
