"""What asking CloudWatch for metrics costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector.metrics.catalogue import Catalogue
from collector.metrics.discovery import known
from store.objects import Store

# USD per metric requested of GetMetricData (https://aws.amazon.com/cloudwatch/pricing/). Here each statistic
# counts, the most there can be to pay: AWS's documentation says that up to five of a metric in one call count
# once, users' bills say that each does (github.com/prometheus/cloudwatch_exporter/pull/482).
PRICE = 0.01 / 1000

MONTH = 30 * 24 * 3600  # seconds

ASSUMED = 3  # resources per metric and region, where nobody knows better


@dataclass(frozen=True, slots=True)
class Estimate:
    """Metric requests of the busiest run and of 30 days, and the price of these."""

    per_run: int
    per_month: int

    @property
    def usd_per_month(self) -> float:
        return self.per_month * PRICE


def estimate(series: Mapping[int, int], interval_s: int) -> Estimate:
    """For so many series by their period in seconds, asked each `interval_s` seconds.

    A series is asked for once per period at most: until then there is nothing new.
    """
    runs = {period: MONTH // max(period, interval_s) for period in series}
    return Estimate(sum(series.values()), sum(count * runs[period] for period, count in series.items()))


def discovered(store: Store, catalogue: Catalogue, regions: Iterable[str]) -> Counter[int]:
    """Series by period, as the regions' collectors found them last; none where none has run."""
    return Counter(
        query.metric.period_s
        for region in regions
        for query in known(store, region).queries(catalogue, region)
    )


def assumed(
    catalogue: Catalogue, regions: Iterable[str], resources: Mapping[str, int], otherwise: int = ASSUMED
) -> Counter[int]:
    """Series by period, if each namespace has so many resources in each region."""
    counts: Counter[int] = Counter()
    for region in regions:
        for metric in catalogue.values():
            if metric.asked_in(region):
                sets = max(len(metric.dimensions), 1)
                number = resources.get(metric.namespace, otherwise) * sets
                counts[metric.period_s] += number * len(metric.statistics)
    return counts
