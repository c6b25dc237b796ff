"""Requests by region and period: evidence that traffic moved, or that a region answers only errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from queries.answers import Reader
from queries.failovers.evidence import Evidence, around
from queries.failovers.shift import Shift, shifts
from queries.settings import HealthRules
from store.engine import quote

SECONDS = 10  # a bin,
COARSE = 60  # and one where there are
FEW = 600  # fewer requests a minute
FEW_OF_REGION = 60  # and of one region alone
ENOUGH = 10  # requests of a bin by which a region is judged
US = 1_000_000
LAYER = "routing"

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts by service, bin and region; `start` is where the first bin begins, epoch µs."""

    start: int
    regions: tuple[str, ...]
    services: tuple[str, ...]
    requests: Counts
    failed: Counts

    def time(self, bin: int, seconds: int = SECONDS) -> int:
        """When a bin of so many seconds begins, epoch µs."""
        return self.start + bin * seconds * US

    def bin(self, time: int) -> int:
        """The bin in which a time lies, or the nearest there is."""
        last = int(self.requests.shape[1]) - 1
        return min(max((time - self.start) // (SECONDS * US), 0), max(last, 0))

    @property
    def end(self) -> int:
        return self.time(self.requests.shape[1])

    def of(self, region: str) -> tuple[Counts, Counts]:
        """Requests and failed ones of a region by bin, of all services."""
        place = self.regions.index(region)
        return self.requests[:, :, place].sum(axis=0), self.failed[:, :, place].sum(axis=0)


def read(reader: Reader, since: datetime, until: datetime) -> Traffic:
    """The traffic in whole bins. The last bin of the data is left out: it may still be filling."""
    found = reader.arrays(
        "from traffic($seconds, since := $since, until := $until)", seconds=SECONDS, since=since, until=until
    )
    first = int(since.timestamp()) // SECONDS
    bins = np.asarray(found["bin"], dtype=np.int64) - first
    regions, region = np.unique(np.asarray(found["region"], dtype=str), return_inverse=True)
    services, service = np.unique(np.asarray(found["service"], dtype=str), return_inverse=True)
    shape = (len(services), int(bins.max(initial=-1)) + 1, len(regions))
    counts = {}
    for name in ("requests", "failed"):
        counts[name] = np.zeros(shape, dtype=np.int64)
        counts[name][service, bins, region] = found[name]
        counts[name] = counts[name][:, : max(shape[1] - 1, 0)]
    return Traffic(first * SECONDS * US, tuple(map(str, regions)), tuple(map(str, services)), **counts)


def signs(traffic: Traffic, rules: HealthRules) -> Iterator[Evidence]:
    """What the traffic of each service, and of all of them, tells."""
    if not traffic.requests.size:
        return
    for place, service in enumerate(traffic.services):
        yield from _moves(traffic, traffic.requests[place], (service,))
    if len(traffic.services) > 1:
        yield from _moves(traffic, traffic.requests.sum(axis=0), traffic.services)
    for region in traffic.regions:
        yield from _errors(traffic, region, rules)


def coarser(counts: Counts, times: int) -> Counts:
    """The same in bins so many times as long; a last one that is not full is left out."""
    whole = len(counts) // times * times
    return np.asarray(counts[:whole].reshape(-1, times, *counts.shape[1:]).sum(axis=1))


def step(requests: Counts, few: int) -> int:
    """Seconds of a bin in which so many requests (one row per fine bin) say enough."""
    busy = requests[requests > 0]
    usual = float(np.median(busy)) if busy.size else 0.0
    return SECONDS if usual * (60 // SECONDS) >= few else COARSE


def _moves(traffic: Traffic, counts: Counts, services: tuple[str, ...]) -> Iterator[Evidence]:
    seconds = step(counts.sum(axis=1), FEW)
    for shift in shifts(coarser(counts, seconds // SECONDS), seconds):
        if shift.kind != "drift":
            yield _move(traffic, shift, services, seconds)


def _move(traffic: Traffic, shift: Shift, services: tuple[str, ...], seconds: int) -> Evidence:
    here = traffic.regions[shift.region]
    to = traffic.regions[shift.gained[0]] if shift.gained else None
    where = f"to {', '.join(traffic.regions[place] for place in shift.gained)}" if to else "nowhere"
    time, end = (
        traffic.time(shift.onset, seconds),
        None if shift.back is None else traffic.time(shift.back, seconds),
    )
    names = services[0] if len(services) == 1 else "all services"
    facts = {"settled": str(traffic.time(shift.settled, seconds))} if to else {}
    return Evidence(
        kind="traffic",
        time=time,
        what=f"Traffic of {names} left {here}: {shift.before:.0%} became {shift.after:.0%}, it went {where}.",
        row=f"traffic({seconds}, {around(time, end or time)}) where region = {quote(here)}",
        layer=LAYER,
        from_region=here,
        to_region=to,
        bound=seconds * US,
        end=end,
        opens=shift.kind == "failover" or not shift.silent,  # silence may be that of a collector
        move="failover" if shift.kind == "failover" else "outage",
        services=services if len(services) == 1 else (),
        facts=facts,
    )


def _errors(traffic: Traffic, region: str, rules: HealthRules) -> Iterator[Evidence]:
    """Runs of bins in which a region answers mostly errors, and did not before."""
    requests, failed = traffic.of(region)
    seconds = step(requests, FEW_OF_REGION)
    requests, failed = (coarser(counts, seconds // SECONDS) for counts in (requests, failed))
    ratio = failed / np.maximum(requests, 1)
    known = ratio[requests >= ENOUGH]
    if not known.size or np.median(known) >= rules.down_errors / 5:
        return
    down = (ratio >= rules.down_errors) & (requests >= ENOUGH)
    for first, last in runs(down, COARSE // seconds):
        if last > first or seconds == COARSE:
            time = traffic.time(first, seconds)
            yield Evidence(
                kind="errors",
                time=time,
                what=f"{failed[first : last + 1].sum()} of {requests[first : last + 1].sum()} requests that "
                f"{region} answered were answered with errors.",
                row=f"traffic({seconds}, {around(time, traffic.time(last, seconds))}) "
                f"where region = {quote(region)}",
                layer=LAYER,
                from_region=region,
                bound=seconds * US,
                end=traffic.time(last + 1, seconds),
                opens=True,
                move="outage",
            )


def runs(flags: NDArray[Any], gap: int) -> Iterator[tuple[int, int]]:
    """First and last place of each run of what is true, with up to `gap` places between that are not."""
    places = np.flatnonzero(flags)
    if not places.size:
        return
    breaks = np.flatnonzero(np.diff(places) > gap + 1)
    for first, last in zip([places[0], *places[breaks + 1]], [*places[breaks], places[-1]], strict=True):
        yield int(first), int(last)
