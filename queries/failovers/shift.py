"""Finds when traffic leaves a region: on arrays of counts per bin of time and region, and nothing else.

The method is that of reference section 5.2: the logit of a region's share against the median and MAD of the
hour before, a CUSUM that alarms, and the onset where a two-sample t over all splits is greatest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

HISTORY = 3600  # seconds of the baseline,
GAP = 300  # without the last ones, or the last third where there is less history
LEAST_HISTORY = 120  # seconds, and
LEAST_BINS = 5
FLOOR = 0.05  # of the deviation of a logit
CLIP = 8.0
SLACK = 1.5  # 0.5 * 3 sigma
ALARM = 8.0
LEAST_CHANGE = 0.15  # of a share,
LEAST_LOSS = 0.3  # of the requests: a share also falls when others have a burst
LASTING = 2  # bins in a row
FEWEST = 50  # requests in a bin
LOOKBACK = 900  # seconds in which the onset is looked for; what takes longer is no failover but a drift
STEADY = 0.95  # of its new share is what traffic has settled at

Floats = NDArray[np.floating[Any]]
Kind = Literal["failover", "outage", "drift"]


@dataclass(frozen=True, slots=True)
class Shift:
    """Traffic that left a region; regions and bins are indices into the counts.

    `onset` is the first bin after the change, right within one. `gained` are the regions that took traffic
    over, most first. `settled` is the first bin in which the survivors have 95 % of their new share, `back`
    the first in which the region has regained half of what it lost, if that is within an hour: what lasts
    longer is what is usual then. `silent`: nothing at all is counted.
    """

    kind: Kind
    region: int
    onset: int
    alarm: int
    before: float
    after: float
    gained: tuple[int, ...]
    settled: int
    back: int | None
    silent: bool


def shifts(counts: NDArray[np.integer[Any]], seconds: int) -> list[Shift]:
    """The shifts in counts of requests, one row per bin of so many seconds and one column per region."""
    return list(_shifts(np.asarray(counts, dtype=float), seconds))


def _shifts(counts: Floats, seconds: int) -> Iterator[Shift]:
    bins, regions = counts.shape
    if regions < 2 or not counts.any():
        return
    usual = np.ones(bins, dtype=bool)  # the bins that a baseline may be made of
    begin = int(np.argmax(counts.any(axis=1)))
    while begin < bins:
        baseline = _Baseline(counts, usual, begin, seconds)
        alarm = _alarm(baseline, begin)
        if alarm is None:
            return
        shift = _shift(counts, baseline, *alarm, seconds)
        yield shift
        end = shift.onset + HISTORY // seconds if shift.back is None else shift.back + LASTING
        usual[shift.onset : end if shift.back is not None else shift.settled] = False
        begin = max(end, alarm[0] + 1)


class _Baseline:
    """What is usual at each bin from `begin` on, by region: NaN where too little is known."""

    def __init__(self, counts: Floats, usual: NDArray[np.bool_], begin: int, seconds: int) -> None:
        self.total = counts.sum(axis=1)
        self.share = _shares(counts)
        self.logit = np.log(self.share / (1 - self.share))
        self.usual = usual & (self.total >= FEWEST)
        self.median = np.full_like(counts, np.nan)
        self.spread = np.full_like(counts, np.nan)
        for bin, end in _blocks(counts, begin, seconds):
            known = self.before(bin, seconds)
            if len(known) >= max(LEAST_BINS, LEAST_HISTORY // seconds):
                median = np.median(self.logit[known], axis=0)
                spread = 1.4826 * np.median(np.abs(self.logit[known] - median), axis=0)
                self.median[bin:end], self.spread[bin:end] = median, spread

    def before(self, bin: int, seconds: int) -> NDArray[np.intp]:
        """The bins that say what is usual at this one."""
        start = max(bin - HISTORY // seconds, 0)
        known = start + np.flatnonzero(self.usual[start:bin])
        return np.asarray(known[: len(known) - min(GAP // seconds, len(known) // 3)])

    def deviations(self) -> Floats:
        """How many sigma each logit is from what is usual."""
        usual = 1 / (1 + np.exp(-self.median))
        noise = 1 / np.sqrt(np.maximum(self.total, 1)[:, None] * usual * (1 - usual))
        sigma = np.maximum(np.maximum(self.spread, noise), FLOOR)
        return np.asarray(np.clip((self.logit - self.median) / sigma, -CLIP, CLIP))

    def change(self) -> Floats:
        """By how much each share differs from what is usual."""
        return self.share - 1 / (1 + np.exp(-self.median))


def _blocks(counts: Floats, begin: int, seconds: int) -> Iterator[tuple[int, int]]:
    """The bins that share a baseline: a minute of them in the first hour of counts, five minutes later on."""
    young = int(np.argmax(counts.any(axis=1))) + HISTORY // seconds
    while begin < len(counts):
        every = max((60 if begin < young else GAP) // seconds, 1)
        end = begin - begin % every + every
        yield begin, end
        begin = end


def _shares(counts: Floats) -> Floats:
    regions = counts.shape[1]
    return np.asarray((counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 0.5 * regions))


def _alarm(baseline: _Baseline, begin: int) -> tuple[int, int] | None:
    """The first bin from `begin` on at which a region has lost traffic, and the region."""
    loss = np.nan_to_num(-baseline.deviations()[begin:])
    large = (baseline.change()[begin:] <= -LEAST_CHANGE) & (baseline.total[begin:, None] >= FEWEST)
    lasting = large.copy()
    for earlier in range(1, LASTING):
        lasting[earlier:] &= large[:-earlier]
        lasting[:earlier] = False
    alarms = (_cusum(loss - SLACK) >= ALARM) & lasting
    if not alarms.any():
        return None
    bin = int(np.argmax(alarms.any(axis=1)))
    region = int(np.argmin(np.where(alarms[bin], baseline.change()[begin + bin], np.inf)))
    return begin + bin, region


def _cusum(steps: Floats) -> Floats:
    """S = max(0, S + step), by column: the running sum above its lowest point so far."""
    total = np.cumsum(steps, axis=0)
    return np.asarray(total - np.minimum(np.minimum.accumulate(total, axis=0), 0))


def _shift(counts: Floats, baseline: _Baseline, alarm: int, region: int, seconds: int) -> Shift:
    known = baseline.before(alarm, seconds)
    usual = counts[known].mean(axis=0)
    before = float(1 / (1 + np.exp(-baseline.median[alarm, region])))
    onset = _onset(baseline, alarm, region, seconds)
    share = counts[:, region] / np.maximum(baseline.total, 1)
    back = _back(share[: onset + HISTORY // seconds], onset, alarm, before)
    late = _late(onset, len(counts) if back is None else back, seconds)
    after = float(np.median(share[late]))
    settled = _settled(baseline.total - counts[:, region], share, onset, late, 60 // seconds)
    now = counts[late].mean(axis=0)
    gains = np.delete(now - usual, region)
    others = np.delete(np.arange(counts.shape[1]), region)
    kind = _kind(usual, now, region, counts[late].shape[0], before, after)
    if (settled - onset) * seconds > LOOKBACK:
        kind = "drift"
    return Shift(
        kind,
        region,
        onset,
        alarm,
        before,
        after,
        tuple(int(others[place]) for place in np.argsort(-gains) if gains[place] > 0)
        if kind != "outage"
        else (),
        settled,
        back,
        silent=not counts[onset : late.stop, region][1:].any(),
    )


def _onset(baseline: _Baseline, alarm: int, region: int, seconds: int) -> int:
    """The split of the time before the alarm on whose sides the share differs most, by Student's t."""
    start = max(alarm - LOOKBACK // seconds, 0)
    values = np.nan_to_num(baseline.deviations()[start : alarm + 1, region])
    splits = np.arange(1, len(values))
    if not len(splits):
        return alarm
    left = np.cumsum(values)[:-1] / splits
    right = (values.sum() - np.cumsum(values)[:-1]) / (len(values) - splits)
    within = np.array([values[:at].var() * at + values[at:].var() * (len(values) - at) for at in splits])
    deviation = np.sqrt(np.maximum(within / max(len(values) - 2, 1), 1))
    t = (left - right) / (deviation * np.sqrt(1 / splits + 1 / (len(values) - splits)))
    return start + int(splits[np.argmax(t)])


def _back(share: Floats, onset: int, alarm: int, before: float) -> int | None:
    """The first of two bins after the alarm in which the region has regained half of what it lost."""
    regained = share[alarm + 1 :] >= (before + float(share[onset : alarm + 1].mean())) / 2
    lasting = regained[:-1] & regained[1:]
    return alarm + 1 + int(np.argmax(lasting)) if lasting.any() else None


def _settled(others: Floats, share: Floats, onset: int, late: slice, minute: int) -> int:
    """The first bin in which the others have their new share, and from which on for a minute their new count.

    Where nobody answers, the requests that are lost are not counted: then the share alone says nothing.
    """
    coming = np.convolve(others[onset:], np.ones(minute), "full")[minute - 1 :] / minute
    enough = coming >= STEADY * others[late].mean()
    there = 1 - share[onset:] >= STEADY * (1 - np.median(share[late]))
    return onset + int(np.argmax((enough & there)[: late.stop - onset]))


def _late(onset: int, end: int, seconds: int) -> slice:
    """The part of a shift by which traffic has settled: its second half, of an hour at most."""
    end = min(end, onset + HISTORY // seconds)
    return slice((onset + end) // 2, max(end, onset + 1))


def _kind(usual: Floats, now: Floats, region: int, bins: int, before: float, after: float) -> Kind:
    """Where the traffic went; what the noise of the counts may hide is granted."""
    lost = usual[region] - now[region]
    gained = now.sum() - usual.sum() + lost
    noise = 2 * np.sqrt(2 * usual.sum() / bins)
    if after > 0.5 * before + noise / now.sum() or lost < LEAST_LOSS * usual[region]:
        return "drift"
    if gained + noise >= 0.8 * lost and abs(now.sum() / usual.sum() - 1) <= 0.3:
        return "failover"
    return "outage" if gained - noise <= 0.5 * lost else "failover"
