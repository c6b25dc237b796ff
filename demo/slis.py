"""The true service levels of a story, counted from its requests: per minute, region and layer.

Minutes are those of the logs: of the region's clock, when the request was answered (epoch seconds).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from demo.clocks import Clocks
from demo.replication import DATABASE, FILES, SESSIONS
from demo.requests import Call, Request

MINUTE = 60
HORIZON = 300.0  # seconds after a write for which its session's reads are held to it


@dataclass(slots=True)
class Count:
    """`good` of `valid`; `unanswered` are requests that no log of the region knows, not in `valid`."""

    good: int = 0
    valid: int = 0
    unanswered: int = 0

    def add(self, good: bool) -> None:
        self.good += good
        self.valid += 1


Availability = Mapping[tuple[str, int], Count]  # by region and minute
Consistency = Mapping[tuple[str, str, int], Count]  # by layer, region and minute


def availability(requests: Iterable[Request], clocks: Clocks) -> Availability:
    """Good is what was answered without a server error."""
    counts: dict[tuple[str, int], Count] = {}
    for request in requests:
        count = counts.setdefault((request.region, _minute(request, clocks)), Count())
        if request.reached:
            count.add(request.status < 500)
        else:
            count.unanswered += 1
    return counts


def fresh_reads(requests: Iterable[Request], clocks: Clocks) -> Consistency:
    """Good is a read that returned nothing older than the last write acknowledged before it began."""
    return _consistency(requests, clocks, own=False)


def own_writes_read(requests: Iterable[Request], clocks: Clocks) -> Consistency:
    """Good is a read that returned nothing older than its session's last write within the horizon.

    Reads of a session that wrote nothing of the key in that time do not count.
    """
    return _consistency(requests, clocks, own=True)


def _consistency(requests: Iterable[Request], clocks: Clocks, own: bool) -> Consistency:
    told = [(request, call) for request in requests for call in request.calls if _counts(call)]
    written: dict[tuple[str, str, str | None], float] = {}
    writes: dict[tuple[str, ...], list[float]] = {}
    for request, call in sorted(told, key=lambda one: one[1].end):
        if call.kind == "write":
            written[call.resource, call.key, call.version] = call.end
            writes.setdefault(_of(request, call, own), []).append(call.end)
    counts: dict[tuple[str, str, int], Count] = {}
    for request, call in told:
        known = writes.get(_of(request, call, own), [])
        before = bisect_left(known, call.start)
        if call.kind == "write" or (own and not (before and known[before - 1] >= call.start - HORIZON)):
            continue
        found = written.get((call.resource, call.key, call.version), -math.inf)
        minute = int(clocks.stamp(request.region, call.end) // MINUTE * MINUTE)
        count = counts.setdefault((call.layer, request.region, minute), Count())
        count.add(not before or found >= known[before - 1])
    return counts


def _counts(call: Call) -> bool:
    """Not those of the tracker: that a file has been replicated is written there by no request."""
    return call.resource in (SESSIONS.name, FILES.name, DATABASE.name) and not call.failed


def _of(request: Request, call: Call, own: bool) -> tuple[str, ...]:
    return (call.resource, call.key, request.session) if own else (call.resource, call.key)


def _minute(request: Request, clocks: Clocks) -> int:
    return int(clocks.stamp(request.region, request.end) // MINUTE * MINUTE)
