"""Replication probes of the shop's stores: what each measured, beside the lag it was after."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from demo.application import key_hash
from demo.aurora import Aurora
from demo.clocks import Clocks
from demo.regions import NAMES
from demo.replication import DATABASE, FILES, SESSIONS, Kind, Replicated
from demo.shop import Simulation

INTERVAL = 60.0  # seconds
FIRST_READ, SLOWER = 0.05, 1.5  # seconds; each read waits so many times longer than the one before
TIMEOUT = 45.0


@dataclass(frozen=True, slots=True)
class Probe:
    """One stamped write and the reads that looked for it. Times are true epoch seconds, lags seconds.

    `lag` is the true one, infinite if the write never arrives. It lies between the start of the last read
    that did not see the write and the end of the first one that did, `unseen` and `seen` seconds after it;
    `seen` is None if none did in time.
    """

    kind: Kind
    source: str
    target: str
    key: str
    written: float
    lag: float
    unseen: float
    seen: float | None


def probes(simulation: Simulation) -> Iterator[Probe]:
    """Every store between every two regions each minute, as far as the source can be written to."""
    told, aurora = simulation.parameters, Aurora(simulation.incidents)
    start, end = told.start.timestamp(), told.end.timestamp()
    for kind in (SESSIONS, FILES, DATABASE):
        store = Replicated(kind, Random(f"{told.seed}/probes/{kind.name}"), simulation.incidents)
        for minute in range(int((end - start) // INTERVAL) + 1):
            written = start + minute * INTERVAL
            for source in NAMES:
                writable = kind is not DATABASE or aurora.writer(written) == source
                if written < end and writable:
                    yield from _round(store, source, written)


def _round(store: Replicated, source: str, written: float) -> Iterator[Probe]:
    key = f"regionscope-probe/{source}/{written:.0f}"
    version = store.write(key, source, written)
    store.forget(key)
    for target in NAMES:
        if target != source:
            lag = version.visible.get(target, math.inf) - written
            yield Probe(store.kind, source, target, key, written, lag, *_reads(lag))


def _reads(lag: float) -> tuple[float, float | None]:
    """When the last read that saw nothing, and the first that saw the write, were made."""
    unseen, wait = 0.0, FIRST_READ
    while unseen + wait < lag:
        unseen += wait
        wait *= SLOWER
        if unseen > TIMEOUT:
            return unseen, None
    return unseen, unseen + wait


def row(probe: Probe, clocks: Clocks) -> dict[str, Any]:
    """A row of the table of probes; `time` is epoch µs by the clock of the writer."""
    seen = probe.seen
    known = (
        {"outcome": "timeout", "lag_ms": None, "error_bound_ms": None}
        if seen is None
        else {
            "outcome": "visible",
            "lag_ms": (probe.unseen + seen) / 2 * 1000,
            "error_bound_ms": (seen - probe.unseen) / 2 * 1000,
        }
    )
    return known | {
        "time": round(clocks.stamp(probe.source, probe.written) * 1_000_000),
        "region": probe.source,
        "target_region": probe.target,
        "layer": probe.kind.layer,
        "resource": probe.kind.name,
        "key_hash": key_hash(probe.key),
        "mode": "one_way",
        "attributes": {"probe.waited_ms": str(round((seen or probe.unseen) * 1000, 1))},
    }
