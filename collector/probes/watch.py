"""Watching for an item until it is visible or time is up, on the one clock of whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import ClientError

from collector.probes.stamp import Stamp

MOST_READS = 48  # as many as 840 s take, the longest a Lambda can wait
_FIRST_S, _SHARE = 0.05, 0.25  # the wait between two reads: a quarter of the wait so far, at least 50 ms


@dataclass(frozen=True, slots=True)
class Clock:
    """One machine's: `wall` tells epoch µs, `elapsed` seconds that never step."""

    wall: Callable[[], int] = lambda: time.time_ns() // 1000
    elapsed: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Watch:
    """What the reads gave; times in seconds of the clock's `elapsed`.

    The item became visible after `missed`, when the last read began that did not show it, and before `seen`,
    when the first read ended that did: a read takes its look at some moment between its begin and its end.
    """

    reads: int = 0
    missed: float | None = None
    seen: float | None = None
    seen_at: int = 0  # the same moment as `seen`, by the wall clock
    found: Stamp | None = None
    error: str | None = None  # of the last read, if it failed


def watch(
    read: Callable[[], Stamp | None],
    wanted: Callable[[Stamp], bool],
    clock: Clock,
    since: float,
    limit: float,
) -> Watch:
    """Read, more and more seldom, until the wanted item shows or `limit` seconds have passed since `since`.

    A read that fails says nothing of the item, and the next may succeed.
    """
    watched = Watch()
    while True:
        begin = clock.elapsed()
        try:
            item = read()
        except Exception as error:  # noqa: BLE001 - whatever a service raises, the outcome becomes a row
            watched.error = kind(error)
        else:
            watched.error = None
            if item is not None and wanted(item):
                watched.seen, watched.seen_at, watched.found = clock.elapsed(), clock.wall(), item
            else:
                watched.missed = begin
        watched.reads += 1
        passed = clock.elapsed() - since
        if watched.found or passed >= limit or watched.reads >= MOST_READS:
            return watched
        clock.sleep(pause(passed, limit))


def pause(passed: float, limit: float) -> float:
    """How long to wait for the next read, so long after the write; the last read is at the limit."""
    return min(max(_FIRST_S, passed * _SHARE), limit - passed)


def kind(error: Exception) -> str:
    """The kind of an error: AWS's code, or the exception's class; never its text, which may hold anything."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "ClientError"))
    return type(error).__name__
