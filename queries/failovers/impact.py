"""From when to when users were hit: by the counts of requests, and then by the single request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from queries.answers import Reader
from queries.failovers.traffic import COARSE, FEW_OF_REGION, SECONDS, US, Counts, Traffic, coarser, runs, step

WORSE = 5  # times as many errors as usual are an impact, if they also miss the target
SIGMA = 4  # and are so many deviations above what is usual, and
LEAST = 3  # requests more
FEW = 2  # requests more while there is no writer, as that explains them
ENOUGH = 5  # requests in a bin, as a rule, for a region whose requests can be missing
CLUSTER = 3  # requests of a visit, which come together: that much more noise than single ones have
HISTORY = 3600  # seconds before an incident that say what is usual
HEALED = 300  # seconds in a row without an impact after which all is well
AROUND = 600  # seconds before and after an incident in which its impact is looked for

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Impact:
    """From when to when users were hit, epoch µs, and the bounds of both, µs.

    `over`: the five minutes after it were good. `error_minutes` are the minutes that the failed requests
    amount to, `bad_minutes` those in which the target was missed; minutes without requests in neither.
    """

    begun: int
    begun_bound: int
    ended: int
    ended_bound: int
    over: bool
    regions: tuple[str, ...]
    error_minutes: float
    bad_minutes: int


@dataclass(frozen=True, slots=True)
class _Bad:
    """Bins in which users were hit: by errors of each region, of all together, or because nobody answered."""

    by_region: Mapping[str, Flags]
    together: Flags
    missing: Flags

    def any(self) -> Flags:
        return np.asarray(np.logical_or.reduce([*self.by_region.values(), self.together, self.missing]))


def impact(
    reader: Reader,
    traffic: Traffic,
    during: tuple[int, int],
    moved: tuple[int, int] | None,
    before: int | None,
    target: float,
) -> Impact | None:
    """The impact on users of an incident that lasted from the first to the second time of `during`.

    `moved` are the times between which there was no writer: then a few errors are an impact, too. `before` is
    when the next incident begins.
    """
    if not traffic.requests.size:
        return None
    end = traffic.requests.shape[1] if before is None else traffic.bin(before)
    started, latest = map(traffic.bin, during)
    bad = _bad(traffic, started, target)
    run = _run(bad, traffic.bin(during[0] - AROUND * US), end, started, latest)
    if run is None and moved:
        run = _together(traffic, *map(traffic.bin, moved))
    if run is None:
        return None
    first, last = run
    hit = [
        region for region, flags in bad.by_region.items() if 3 * flags[first : last + 1].sum() > last - first
    ]
    regions = tuple(hit) or traffic.regions
    begun, ended = traffic.time(first), traffic.time(last + 1)
    if not bad.missing[first]:
        begun = _change(reader, begun, regions, worse=True) or begun
    if not bad.missing[last]:
        ended = _change(reader, ended, regions, worse=False) or ended
    ratios = _by_minute(traffic, first, last)
    return Impact(
        begun,
        SECONDS * US,
        ended,
        (COARSE if bad.missing[last] else SECONDS) * US,
        last + 1 + HEALED // SECONDS <= end,
        regions,
        float(np.nansum(ratios)),
        int((ratios > 1 - target).sum()),
    )


def _run(bad: _Bad, begin: int, end: int, started: int, latest: int) -> tuple[int, int] | None:
    """First and last bin of the worst run near an incident; less than five good minutes do not end a run."""
    flags = bad.any()
    flags[end:] = False
    flags[:begin] = False
    near = AROUND // SECONDS
    found = [
        (first, last)
        for first, last in runs(flags, HEALED // SECONDS)
        if first <= latest + near and last >= started - COARSE // SECONDS and last > first
    ]
    return max(found, key=lambda run: int(flags[run[0] : run[1] + 1].sum()), default=None)


def _together(traffic: Traffic, first: int, last: int) -> tuple[int, int] | None:
    """The bins from first to last, if together they have some more errors than usual."""
    requests, failed = traffic.requests.sum(axis=(0, 2)), traffic.failed.sum(axis=(0, 2))
    before, inside = slice(max(first - HISTORY // SECONDS, 0), first), slice(first, last + 1)
    usual = failed[before].sum() / max(requests[before].sum(), 1)
    excess = failed[inside].sum() - usual * requests[inside].sum()
    return (first, last) if excess >= FEW else None


def _bad(traffic: Traffic, onset: int, target: float) -> _Bad:
    requests, failed = traffic.requests.sum(axis=0), traffic.failed.sum(axis=0)
    by_region = {
        region: _worse(requests[:, place], failed[:, place], onset, target)
        for place, region in enumerate(traffic.regions)
    }
    together = _worse(requests.sum(axis=1), failed.sum(axis=1), onset, target)
    return _Bad(by_region, together, _missing(requests, onset))


def _worse(requests: Counts, failed: Counts, onset: int, target: float) -> Flags:
    """Bins with more errors than allowed, and than chance explains."""
    times = step(requests, FEW_OF_REGION) // SECONDS
    bins, onset = len(requests), max(onset // times, 1)
    requests, failed = coarser(requests, times), coarser(failed, times)
    before = slice(max(onset - HISTORY // (SECONDS * times), 0), onset)
    usual = float(failed[before].sum() / max(requests[before].sum(), 1))
    worse = np.repeat(_too_many(requests, failed, usual, target), times)
    return np.pad(worse, (0, bins - len(worse)))


def _too_many(requests: Counts, failed: Counts, usual: float, target: float) -> Flags:
    """Where more requests failed than the target allows and than usual, and not by chance."""
    allowed = np.maximum(1 - target, WORSE * usual) * requests
    noise = usual * requests + SIGMA * np.sqrt(usual * (1 - usual) * requests) + LEAST
    return np.asarray(failed > np.maximum(allowed, noise))


def _missing(requests: Counts, onset: int) -> Flags:
    """Bins in which a region's requests are missing, and over a minute so many of all: nobody got them."""
    before = requests[max(onset - HISTORY // SECONDS, 0) : max(onset, 1)]
    usual = before.sum(axis=0) / max(before.any(axis=1).sum(), 1)
    some = requests.any(axis=1)  # of bins without any request nothing is known
    minute = np.ones(COARSE // SECONDS)
    total = np.convolve(requests.sum(axis=1), minute, "same") / np.maximum(
        np.convolve(some, minute, "same"), 1
    )
    gone = np.where((requests < 0.5 * usual) & (usual >= ENOUGH), usual - requests, 0).max(axis=1)
    noise = SIGMA * np.sqrt(CLUSTER * usual.sum() / minute.sum())
    return np.asarray(some & (gone > 0) & (usual.sum() - total > np.maximum(0.5 * gone, noise)))


def _by_minute(traffic: Traffic, first: int, last: int) -> NDArray[np.float64]:
    """The share of failed requests in each minute from one bin to another; NaN where there were none."""
    times = COARSE // SECONDS
    minutes = slice(first // times, last // times + 1)
    requests = coarser(traffic.requests.sum(axis=(0, 2)), times)[minutes]
    failed = coarser(traffic.failed.sum(axis=(0, 2)), times)[minutes]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(failed / requests)


def _change(reader: Reader, near: int, regions: Sequence[str], worse: bool) -> int | None:
    """When the answers changed, for worse or for better: the likeliest split of the requests near it.

    For worse it is when the first bad request came, for better when the last was answered.
    """
    found = reader.arrays(
        "select time_us, began_us, failed from served(since := $since, until := $until) "
        "where list_contains($regions, region) order by time_us",
        since=moment(near - 2 * SECONDS * US),
        until=moment(near + 2 * SECONDS * US),
        regions=list(regions),
    )
    times, failed = np.asarray(found["time_us"]), np.asarray(found["failed"], dtype=bool)
    at = np.flatnonzero(failed[1:] if worse else failed[:-1]) + 1  # splits with a bad request at the edge
    if not at.size:
        return None
    bad = np.cumsum(failed)
    left, right = bad[at - 1] / at, (bad[-1] - bad[at - 1]) / (len(failed) - at)
    likelihood = _entropy(left) * at + _entropy(right) * (len(failed) - at)
    likelihood = np.where(right > left if worse else right < left, likelihood, -np.inf)
    split = int(at[np.argmax(likelihood)])
    if failed.all():  # there was nothing before it, or nothing came after it
        split = 0 if worse else len(failed)
    return int(np.asarray(found["began_us"])[split] if worse else times[split - 1])


def _entropy(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihood of a request, where that share of them failed."""
    inner = np.clip(share, 1e-12, 1 - 1e-12)
    return np.asarray(inner * np.log(inner) + (1 - inner) * np.log(1 - inner))


def moment(us: int) -> datetime:
    return datetime.fromtimestamp(us / US, UTC)
