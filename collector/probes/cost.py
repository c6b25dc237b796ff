"""What probes cost: requests and their price."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from collector.probes.settings import Layer, Probe
from collector.probes.watch import MOST_READS, pause

_MONTH_MINUTES = 30 * 24 * 60

# USD per write, read, and clean-up of one region's copy: on-demand list prices of us-east-1, without what the
# transfer of a hundred bytes between regions costs.
# https://aws.amazon.com/dynamodb/pricing/on-demand/: 0.625 per million write, 0.125 per million read units.
# https://aws.amazon.com/s3/pricing/: 0.005 per thousand PUT and LIST, 0.0004 per thousand GET; no DELETE.
# https://aws.amazon.com/rds/aurora/pricing/: 0.35 per million Data API requests; a look takes two.
# A cache that is there already has no price per request.
_PRICES: dict[Layer, tuple[float, float, float]] = {
    "session": (0.625e-6, 0.125e-6, 0.625e-6),
    "file": (5e-6, 0.4e-6, 5e-6),
    "database": (0.35e-6, 0.7e-6, 0.35e-6),
    "cache": (0.0, 0.0, 0.0),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """The most that 30 days of probes take, if every one of them runs into its timeout."""

    probes: int = 0
    requests: int = 0
    usd_per_month: float = 0.0


def estimate(probes: Iterable[Probe]) -> Estimate:
    """For all pairs of regions. Each region has a copy of an item, and cleaning up takes two rounds."""
    count, requests, usd = 0, 0, 0.0
    for probe in probes:
        write, read, delete = _PRICES[probe.layer]
        runs = _MONTH_MINUTES // probe.interval_minutes * len(probe.pairs)
        items = 2 if probe.mode == "echo" else 1
        copies, reads = len(probe.resources) * items, reads_within(probe.timeout_s) * items
        count += runs
        requests += runs * (items + reads + 2 * copies)
        usd += runs * (copies * write + reads * read + 2 * copies * delete)
    return Estimate(count, requests, usd)


def reads_within(timeout_s: float) -> int:
    """The most reads that a probe makes before its timeout."""
    reads, passed = 1, 0.0
    while passed < timeout_s and reads < MOST_READS:
        passed += pause(passed, timeout_s)
        reads += 1
    return reads
