"""How far the clocks of regions and hosts are off, from the messages between them, with a rigorous bound.

No message arrives before it was sent. So for a message from i to j, o_j - o_i <= received - sent - least,
where o is how far a clock is ahead and `least` the shortest time the way can take. The tightest of these
limits, and what follows from them through third clocks (shortest paths), hold each offset between two: the
estimate is their middle, the bound half their distance. No corrected message travels back in time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

WINDOW = 300_000_000  # µs in which a clock is taken to be off by one amount
SHORTEST = WINDOW // 8  # µs; windows in which the messages contradict each other are halved down to this


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


@dataclass(frozen=True, slots=True)
class Offsets:
    """The clocks in one window of time, epoch µs from `start` to before `end`.

    `most` are the tightest upper limits of o_j - o_i by (i, j); what is not in there is not known.
    `contradictory` are the domains whose messages cannot all be true: a clock stepped within the window, or
    somebody stamped wrongly.
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


def offsets(
    messages: Iterable[Message], least: Callable[[str, str], float] = instantly, window: int = WINDOW
) -> list[Offsets]:
    """The clocks by window, in order; no window without messages between domains.

    `least` gives the fewest µs a message can take. A message belongs to the window in which it was sent.
    """
    by_window: dict[int, list[Message]] = {}
    for message in messages:
        if message.sender != message.receiver:
            by_window.setdefault(message.sent // window, []).append(message)
    return [
        found
        for number in sorted(by_window)
        for found in _solve(by_window[number], number * window, (number + 1) * window, least)
    ]


def _solve(
    messages: Sequence[Message], start: int, end: int, least: Callable[[str, str], float]
) -> Iterator[Offsets]:
    """One window, in halves where no offsets can explain all its messages.

    A clock that stepped is right on both sides of the step, and a bad span spoils only the part it is in. In
    the smallest part the limit whose removal repairs most is given up.
    """
    edges = _tightest(messages, least)
    most = _closure(edges)
    if not _contradiction(most):
        yield Offsets(start, end, most)
    elif end - start > SHORTEST:
        middle = (start + end) // 2
        for half in ((start, middle), (middle, end)):
            within = [message for message in messages if half[0] <= message.sent < half[1]]
            if within:
                yield from _solve(within, *half, least)
    else:
        yield _repaired(edges, most, start, end)


def _tightest(messages: Iterable[Message], least: Callable[[str, str], float]) -> Edges:
    """Per pair the message that was fastest, by the two clocks."""
    edges: Edges = {}
    for message in messages:
        pair = message.sender, message.receiver
        limit = message.received - message.sent - least(*pair)
        edges[pair] = min(limit, edges.get(pair, math.inf))
    return edges


def _closure(edges: Edges) -> Edges:
    """Floyd and Warshall's shortest paths; a negative distance from a domain to itself is a contradiction."""
    most = dict(edges)
    domains = {domain for pair in edges for domain in pair}
    most |= {(domain, domain): min(most.get((domain, domain), 0.0), 0.0) for domain in domains}
    for through in domains:
        for source in domains:
            first = most.get((source, through))
            if first is None:
                continue
            for target in domains:
                second = most.get((through, target))
                if second is not None and first + second < most.get((source, target), math.inf):
                    most[source, target] = first + second
    return most


def _contradiction(most: Edges) -> float:
    """How badly the limits contradict each other, µs: 0 if they do not."""
    return -min((limit for (source, target), limit in most.items() if source == target), default=0.0)


def _repaired(edges: Edges, most: Edges, start: int, end: int) -> Offsets:
    without = [{pair: limit for pair, limit in edges.items() if pair != given_up} for given_up in edges]
    repaired = min(map(_closure, without), key=_contradiction)
    if not _contradiction(repaired):
        return Offsets(start, end, repaired)
    bad = frozenset(source for (source, target), limit in most.items() if source == target and limit < 0)
    kept = {pair: limit for pair, limit in edges.items() if bad.isdisjoint(pair)}
    return Offsets(start, end, _closure(kept), bad)


def is_ordered(offsets: Offsets, first: tuple[str, int], second: tuple[str, int]) -> bool:
    """Whether what one domain stamped first surely happened before what another stamped second.

    Each is a domain and a time by its own clock, epoch µs; both are within the window of the offsets.
    """
    (one, earlier), (other, later) = first, second
    if one == other:
        return earlier < later
    ahead = offsets.most.get((one, other), math.inf)  # the other's clock is at most so far ahead
    return later - earlier > ahead
