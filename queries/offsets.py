"""How far the clocks of regions and hosts are off, by the messages in the store, and if they are sound."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations, islice

from queries import clocks as method
from queries.answers import SINCE, UNTIL, Answer, Column, Reader, Row, window
from queries.clocks import DRIFT, WINDOW, Message, Offsets
from queries.distances import least_ms
from queries.settings import Settings

PIECES = 4  # parts of windows that must be on one line for it to be a drift; fewer may as well be a step
NEAR = 8  # parts of windows beside one in which to look for what is known

Interval = tuple[float, float]  # the least and the most that an offset can be, µs


@dataclass(frozen=True, slots=True)
class Piece:
    """A pair of clocks from `start` to before `end`, epoch µs; no interval if its messages are contradictory.

    A sound piece is a window. Where a clock was not off by one amount, `sound` is false and a window has
    several.
    """

    start: int
    end: int
    interval: Interval | None
    sound: bool = True

    @property
    def window(self) -> int:
        return self.start // WINDOW


class Pair:
    """How far one clock is ahead of another. `pieces` are in order, with gaps where nothing was exchanged."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self._known = [piece for piece in pieces if piece.interval]

    def interval(self, time_us: float) -> Interval | None:
        """The least and the most that the offset can be at a time."""
        after = bisect_right(self.pieces, time_us, key=lambda piece: piece.start)
        if after and time_us < self.pieces[after - 1].end:
            return self._around(after - 1)
        beside = self.pieces[max(after - 1, 0) : after + 1]
        if not beside or any(piece.interval is None for piece in beside):
            return None
        if all(piece.sound for piece in beside):
            return _carried(beside, time_us)
        return self._between(after) if 0 < after < len(self.pieces) else None

    def _around(self, number: int) -> Interval | None:
        """What a piece says; of a clock that is not sound as widely as those beside it are away."""
        piece = self.pieces[number]
        if piece.interval is None or piece.sound:
            return piece.interval
        before, after = reversed(self.pieces[:number]), self.pieces[number + 1 :]
        ends = [*piece.interval, *_reached(before, piece.end), *_reached(after, piece.start)]
        middle = sum(piece.interval) / 2
        widest = max(abs(end - middle) for end in ends)
        return middle - widest, middle + widest

    def _between(self, after: int) -> Interval:
        """What two pieces say of the gap between them where a clock is not sound: it is somewhere between."""
        before, beyond = self.pieces[after - 1], self.pieces[after]
        ends = [
            *_reached(reversed(self.pieces[:after]), beyond.start),
            *_reached(self.pieces[after:], before.end),
        ]
        return min(ends), max(ends)

    def state(self, piece: Piece) -> tuple[str, float | None]:
        """Whether the clock is sound in a piece, and how fast it drifts against the other, in ppm.

        `synchronised`; `drifting` faster than 200 ppm; `stepped` if one offset does not fit its window, and
        no line; `unsynchronised` if the messages contradict each other.
        """
        if piece.interval is None:
            return "unsynchronised", None
        place = bisect_right(self._known, piece.start, key=lambda known: known.start)
        for length in (2 * PIECES, PIECES):
            for run in (
                self._known[max(place - length, 0) : place],
                self._known[place - 1 : place - 1 + length],
            ):
                slowest, fastest = _slopes(run) if len(run) == length and not piece.sound else (0.0, 0.0)
                if slowest > DRIFT or fastest < -DRIFT:
                    return "drifting", (slowest + fastest) / 2 * 1e6
        if not self._level(place):
            return "stepped", None
        slowest, fastest = _slopes(self._known[max(place - 2, 0) : place + 1])
        return "synchronised", (slowest + fastest) / 2 * 1e6 if fastest - slowest <= 2 * DRIFT else None

    def _level(self, place: int) -> bool:
        """Whether one offset fits a window, and the end of the one before."""
        window = self._known[place - 1].window
        first = bisect_left(self._known, window, key=lambda piece: piece.window)
        last = bisect_right(self._known, window, key=lambda piece: piece.window)
        return (
            _meet([piece.interval for piece in self._known[max(first - 1, 0) : last] if piece.interval])
            is not None
        )


def _carried(beside: Iterable[Piece], time: float) -> Interval:
    """What sound pieces say of a time beside them, wider by what the clock drifts until then.

    All are true unless the clock stepped between them; then it is somewhere between.
    """
    gaps = [(max(piece.start - time, time - piece.end), piece.interval) for piece in beside]
    wider = [(found[0] - DRIFT * gap, found[1] + DRIFT * gap) for gap, found in gaps if found]
    return _meet(wider) or _hull(wider)


def _reached(beside: Iterable[Piece], time: float) -> Iterator[float]:
    """The ends of what the next known piece says, and where they are at a time if they go on as before."""
    known = [
        ((piece.start + piece.end) / 2, *piece.interval) for piece in islice(beside, NEAR) if piece.interval
    ]
    if known:
        middle, *ends = known[0]
        yield from ends
    if len(known) > 1:
        further, *begun = known[1]
        slope = (sum(ends) - sum(begun)) / 2 / (middle - further)
        yield from (end + slope * (time - middle) for end in ends)


def _slopes(run: Sequence[Piece]) -> Interval:
    """The slopes, least and most, of the lines that pass through all pieces; any if there is none."""
    slowest, fastest = -math.inf, math.inf
    known = [((piece.start + piece.end) / 2, *piece.interval) for piece in run if piece.interval]
    for (time, low, high), (later, lower, higher) in combinations(known, 2):
        slowest = max(slowest, (lower - high) / (later - time))
        fastest = min(fastest, (higher - low) / (later - time))
    return (slowest, fastest) if slowest <= fastest else (-math.inf, math.inf)


def _meet(intervals: Sequence[Interval]) -> Interval | None:
    low, high = max(low for low, _ in intervals), min(high for _, high in intervals)
    return (low, high) if low <= high else None


def _hull(intervals: Sequence[Interval]) -> Interval:
    return min(low for low, _ in intervals), max(high for _, high in intervals)


class Clocks:
    """What is known of the clocks in a span of time. All times and offsets are in µs.

    `reference` is the clock that the others are compared with: the one by which most of the others are sound,
    and of those the one they are best known by. A clock that is asked for may be a region: then it is any
    clock of it.
    """

    def __init__(self, windows: Sequence[Offsets]) -> None:
        self._found = windows
        self.windows = sorted({window.start // WINDOW for window in windows})  # their numbers since 1970
        found = {clock for window in windows for pair in window.most for clock in pair}
        self.clocks = tuple(sorted(found.union(*(window.contradictory for window in windows))))
        self._of_region: dict[str, list[str]] = {}
        for clock in self.clocks:
            self._of_region.setdefault(region_of(clock), []).append(clock)
        self._pairs: dict[tuple[str, str], Pair] = {}
        self.reference = max(self.clocks, key=self._standing, default=None)

    def offset(self, region: str, time_us: float) -> tuple[float, float] | None:
        """How far a clock is ahead of the reference at a time by it, and the error bound; None is unknown."""
        interval = self.interval(self.reference, region, time_us) if self.reference else None
        return ((interval[0] + interval[1]) / 2, (interval[1] - interval[0]) / 2) if interval else None

    def between(self, one: str, other: str, time_us: float) -> float | None:
        """The error bound of a difference of times by two clocks; None is unknown, 0 within one."""
        interval = self.interval(one, other, time_us)
        return (interval[1] - interval[0]) / 2 if interval else None

    def interval(self, one: str, other: str, time_us: float) -> Interval | None:
        """How far the other clock can be ahead of the one, from the least to the most."""
        if one == other and one not in self._of_region:
            return 0.0, 0.0
        found = [
            (0.0, 0.0) if first == second else self.pair(first, second).interval(time_us)
            for first in self._of_region.get(one, (one,))
            for second in self._of_region.get(other, (other,))
        ]
        known = [each for each in found if each is not None]
        return _hull(known) if len(known) == len(found) else None

    def pair(self, one: str, other: str) -> Pair:
        """All that is known of how far the other clock is ahead of the one."""
        if (one, other) not in self._pairs:
            self._pairs[one, other] = Pair(list(_pieces(self._found, one, other)))
        return self._pairs[one, other]

    def _standing(self, clock: str) -> tuple[int, float]:
        """How good a reference a clock is: how long the others are sound by it, and how well known."""
        pairs = [self.pair(clock, other) for other in self.clocks if other != clock]
        sound = [piece for pair in pairs for piece in pair.pieces if piece.interval and piece.sound]
        widths = [piece.interval[1] - piece.interval[0] for piece in sound if piece.interval]
        return sum(piece.end - piece.start for piece in sound), -sum(widths)


def _pieces(found: Iterable[Offsets], one: str, other: str) -> Iterator[Piece]:
    """What is known of a pair: by window, or by part of a window where the clocks are not sound."""
    sound = -1
    for each in found:
        window, offset = each.start // WINDOW, each.offset(other, one)
        if window == sound:
            continue
        if offset:
            sound = window if each.end - each.start == WINDOW else sound
            interval = offset[0] - offset[1], offset[0] + offset[1]
            yield Piece(each.start, each.end, interval, window == sound)
        elif each.end - each.start < WINDOW and not each.contradictory.isdisjoint((one, other)):
            yield Piece(each.start, each.end, None, False)


def region_of(clock: str) -> str:
    """The region of a clock, which may be a host's own: `region/host.id`."""
    return clock.partition("/")[0]


def clocks(reader: Reader, since: datetime, until: datetime) -> Clocks:
    """The clocks of all regions and hosts from `since` to before `until`."""
    found = reader.arrays(
        "select * from messages(since := $since, until := $until, period := $period)",
        since=since,
        until=until,
        period=method.SHORTEST,
    )
    columns = (found[name].tolist() for name in ("sender", "receiver", "sent", "received"))
    return Clocks(method.offsets((Message(*row) for row in zip(*columns, strict=True)), _least))


def only(clock: str) -> Clocks:
    """The clocks where there is just one: it is the reference, and exact."""
    return Clocks([Offsets(0, WINDOW, {(clock, clock): 0.0})])


def _least(sender: str, receiver: str) -> float:
    return least_ms(region_of(sender), region_of(receiver)) * 1000


def _answer(
    reader: Reader, settings: Settings, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    found = clocks(reader, *window(since, until))
    for clock in found.clocks:
        region, _, host = clock.partition("/")
        for row in _rows(found, clock):
            yield {"region": region, "host": host or None, "reference": found.reference} | row


def _rows(found: Clocks, clock: str) -> Iterator[Row]:
    pair = found.pair(found.reference or clock, clock)
    by_window: dict[int, list[Piece]] = {}
    for piece in pair.pieces:
        by_window.setdefault(piece.window, []).append(piece)
    for number in found.windows:
        unknown = Piece(number * WINDOW, (number + 1) * WINDOW, None)
        for piece in by_window.get(number, [unknown]):
            start, end = (datetime.fromtimestamp(us / 1e6, UTC) for us in (piece.start, piece.end))
            known = {"state": "unknown"} if piece is unknown else _known(pair, piece)
            yield {"window_start": start, "window_end": end} | known


def _known(pair: Pair, piece: Piece) -> Row:
    state, drift = pair.state(piece)
    interval = pair.interval(piece.start)
    if interval is None:
        return {"state": state}
    low, high = interval
    offset, bound = (low + high) / 2000, (high - low) / 2000
    return {"state": state, "offset_ms": offset, "bound_ms": bound, "drift_ppm": drift}


OFFSETS = Answer(
    "offsets",
    """How far the clocks of regions and hosts are off, by windows of five minutes, from the messages between
them: no message is received before it was sent. One row = one clock in one window.
  since, until   first instant and the one after the last; default: the last hour""",
    (SINCE, UNTIL),
    (
        Column("region", "VARCHAR", "region of the clock"),
        Column("host", "VARCHAR", "host.id, for the clock of one host; null for the region's"),
        Column(
            "reference", "VARCHAR", "the clock it is compared with: the one by which most others are sound"
        ),
        Column("window_start", "TIMESTAMPTZ", "first instant"),
        Column("window_end", "TIMESTAMPTZ", "the one after the last; of a clock that is not sound, sooner"),
        Column("offset_ms", "DOUBLE", "how far it is ahead of the reference; null is unknown"),
        Column("bound_ms", "DOUBLE", "the offset is right within so much; null is unknown"),
        Column("drift_ppm", "DOUBLE", "how fast it runs away from the reference; null is unknown"),
        Column("state", "VARCHAR", "synchronised, stepped, drifting, unsynchronised or unknown"),
    ),
    _answer,
)
