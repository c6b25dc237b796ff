"""How far the clocks of regions and hosts are off, from the messages between them, with a rigorous bound.

No message arrives before it was sent. So for a message from i to j, o_j - o_i <= received - sent - least,
where o is how far a clock is ahead and `least` the shortest time the way can take. The tightest of these
limits, and what follows from them through third clocks (shortest paths), hold each offset between two: the
estimate is their middle, the bound half their distance. No corrected message travels back in time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

WINDOW = 300_000_000  # µs in which a clock is taken to be off by one amount
DRIFT = 200e-6  # s per s; a clock that runs away faster is broken (reference slo-consistency 4.2 line 9)
SHORTEST = WINDOW // 64  # µs; parts of windows whose messages contradict each other are halved down to this
FARTHEST = 1e18  # µs; no two clocks are so far apart
ROUNDING = 10.0  # µs that stamps may be rounded by, all round a circle


@dataclass(frozen=True, slots=True)
class Message:
    """Sent by one clock domain and received by another; each time by the domain's own clock, epoch µs.

    A call is two messages: the request, and the answer the other way.
    """

    sender: str
    receiver: str
    sent: int
    received: int


Edges = dict[tuple[str, str], float]  # (i, j): the most that o_j - o_i can be, µs
Least = Callable[[str, str], float]  # the fewest µs that a message from one domain to another takes


@dataclass(frozen=True, slots=True)
class Offsets:
    """The clocks in one window of time, or in a part of it; epoch µs from `start` to before `end`.

    `most` are the tightest upper limits of o_j - o_i by (i, j); what is not in there is not known.
    `contradictory` are the domains left out, without which the messages can all be true: a clock stepped, or
    drifts, or somebody stamped wrongly.
    """

    start: int
    end: int
    most: Mapping[tuple[str, str], float] = field(default_factory=dict)
    contradictory: frozenset[str] = frozenset()

    def offset(self, domain: str, reference: str) -> tuple[float, float] | None:
        """How far a domain's clock is ahead of the reference's, and the bound of the error, both in µs.

        None if nothing limits it from both sides.
        """
        if domain == reference:
            return 0.0, 0.0
        above = self.most.get((reference, domain), math.inf)
        below = self.most.get((domain, reference), math.inf)
        if math.isinf(above) or math.isinf(below):
            return None
        return (above - below) / 2, (above + below) / 2


def instantly(sender: str, receiver: str) -> float:
    """The least time of a way nobody knows anything about."""
    return 0.0


def offsets(messages: Iterable[Message], least: Least = instantly, window: int = WINDOW) -> list[Offsets]:
    """The clocks by window, in order; no window without messages between domains.

    `least` gives the fewest µs a message can take. A message belongs to the window in which it was sent. A
    window that no offsets can explain is followed by its parts, and so are those beside it, where it may have
    begun.
    """
    by_window = _by_part(_limits(messages, least), window)
    edges = {number: _tightest(within) for number, within in by_window.items()}
    unsound = _unsound(edges, DRIFT * window)
    found: list[Offsets] = []
    for number in sorted(edges):
        blamed = unsound.get(number, frozenset())
        most = _closure(_without(edges[number], blamed))
        found.append(Offsets(number * window, (number + 1) * window, most, blamed))
        if blamed:
            found += _parts(by_window[number], window // 8, blamed)
    return found


@dataclass(frozen=True, slots=True)
class _Limit:
    """What one message says: o_j - o_i of its pair is `most` at most, µs; at `sent`."""

    sent: int
    pair: tuple[str, str]
    most: float


def _limits(messages: Iterable[Message], least: Least) -> Iterator[_Limit]:
    shortest: dict[tuple[str, str], float] = {}
    for message in messages:
        pair = message.sender, message.receiver
        if pair not in shortest:
            shortest[pair] = least(*pair)
        if message.sender != message.receiver:
            yield _Limit(message.sent, pair, message.received - message.sent - shortest[pair])


def _by_part(limits: Iterable[_Limit], length: int) -> dict[int, list[_Limit]]:
    parts: dict[int, list[_Limit]] = {}
    for limit in limits:
        parts.setdefault(limit.sent // length, []).append(limit)
    return parts


def _unsound(edges: Mapping[int, Edges], drift: float) -> dict[int, frozenset[str]]:
    """By window the clocks that no one offset fits, there or beside it, where it may have begun."""
    unsound: dict[int, frozenset[str]] = {}
    for number, limits in edges.items():
        both = {pair: limit + drift for pair, limit in _tighter(limits, edges.get(number + 1, {})).items()}
        for found, around in ((_blamed(limits), (-1, 0, 1)), (_blamed(both), (0, 1))):
            for step in around:
                unsound[number + step] = unsound.get(number + step, frozenset()) | found
    return unsound


def _parts(limits: Iterable[_Limit], length: int, blamed: frozenset[str]) -> Iterator[Offsets]:
    """A window in parts, in halves of these where no offsets can explain all its messages, and so on.

    A clock that stepped is right on both sides of the step, one that drifts is nearly so for a short time,
    and a bad span spoils only the part it is in.
    """
    for number, within in sorted(_by_part(limits, length).items()):
        edges = _tightest(within)
        most = _closure(edges)
        suspects = _suspects(most)
        if not suspects:
            yield Offsets(number * length, (number + 1) * length, most)
        elif length > SHORTEST:
            yield from _parts(within, length // 2, blamed)
        else:
            left = _closure(_without(edges, blamed))
            yield Offsets(number * length, (number + 1) * length, left, blamed.intersection(suspects))


def _tightest(limits: Iterable[_Limit]) -> Edges:
    """Per pair the message that was fastest, by the two clocks."""
    edges: Edges = {}
    for limit in limits:
        edges[limit.pair] = min(limit.most, edges.get(limit.pair, math.inf))
    return edges


def _tighter(edges: Edges, others: Edges) -> Edges:
    return edges | {pair: min(limit, edges.get(pair, math.inf)) for pair, limit in others.items()}


def _closure(edges: Edges) -> Edges:
    """Floyd and Warshall's shortest paths; a negative distance from a domain to itself is a contradiction."""
    domains = sorted({domain for pair in edges for domain in pair})
    number = {domain: at for at, domain in enumerate(domains)}
    most = np.full((len(domains), len(domains)), math.inf)
    np.fill_diagonal(most, 0.0)
    for (source, target), limit in edges.items():
        most[number[source], number[target]] = limit
    for through in range(len(domains)):
        np.minimum(most, most[:, through, None] + most[None, through, :], out=most)
        np.maximum(most, -FARTHEST, out=most)  # round a contradiction the distances double every time
    sources, targets = np.nonzero(np.isfinite(most))
    limits = most[sources, targets].tolist()
    return {
        (domains[source], domains[target]): limit
        for source, target, limit in zip(sources.tolist(), targets.tolist(), limits, strict=True)
    }


def _contradiction(most: Edges) -> float:
    """How badly the limits contradict each other, µs: 0 if they do not."""
    return -min((most[source, source] for source in _suspects(most)), default=0.0)


def _suspects(most: Edges) -> list[str]:
    return [source for (source, target), limit in most.items() if source == target and limit < -ROUNDING]


def _blamed(edges: Edges) -> frozenset[str]:
    """The fewest clocks without which there is no contradiction; all of those that are as likely to blame.

    Of those whose loss repairs as much it is the one that costs the fewest limits.
    """
    blamed: set[str] = set()
    while suspects := _suspects(_closure(_without(edges, blamed))):
        left = {suspect: _without(edges, blamed | {suspect}) for suspect in suspects}
        merit = {
            suspect: (-_contradiction(_closure(left[suspect])), len(left[suspect])) for suspect in suspects
        }
        blamed |= {suspect for suspect in suspects if merit[suspect] == max(merit.values())}
    return frozenset(blamed)


def _without(edges: Edges, domains: Iterable[str]) -> Edges:
    gone = frozenset(domains)
    return {pair: limit for pair, limit in edges.items() if gone.isdisjoint(pair)}


def is_ordered(offsets: Offsets, first: tuple[str, int], second: tuple[str, int]) -> bool:
    """Whether what one domain stamped first surely happened before what another stamped second.

    Each is a domain and a time by its own clock, epoch µs; both are within the window of the offsets.
    """
    (one, earlier), (other, later) = first, second
    if one == other:
        return earlier < later
    ahead = offsets.most.get((one, other), math.inf)  # the other's clock is at most so far ahead
    return later - earlier > ahead
