"""Pulling: what CloudWatch has of a region's metrics since the last run becomes rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry import metrics

from collector.handler import Collector
from collector.metrics import history
from collector.metrics.catalogue import Catalogue
from collector.metrics.cost import PRICE
from collector.metrics.discovery import Discovery, Query, discover
from collector.metrics.fetch import BATCH, Fetched, fetch
from collector.metrics.history import KEPT, History, window
from collector.metrics.points import Point, signals
from collector.pulled import Pulled
from collector.signals import Signals

_log = logging.getLogger(__name__)

_meter = metrics.get_meter("regionscope.collector")
_requests = _meter.create_counter(
    "regionscope.metrics.requests", unit="{request}", description="metrics requested of GetMetricData"
)
_points = _meter.create_counter(
    "regionscope.metrics.points", unit="{point}", description="data points that were new or had changed"
)


@dataclass(slots=True)
class Metrics(Pulled):
    """Beside what was recorded what it cost.

    `requests` are metrics requested, as AWS bills them; `points` those that were new or had changed; `behind`
    the series that are not read up to now, and go on in the next run.
    """

    requests: int = 0
    points: int = 0
    behind: int = 0

    @property
    def usd(self) -> float:
        return self.requests * PRICE


def pull(collector: Collector, client: Callable[[str], Any], catalogue: Catalogue) -> Metrics:
    """Discover → ask → store → remember, for the collector's region.

    `client` gives a boto3 client by the name of the service. What AWS refuses is asked for again by the next
    run. Raises what keeps the store or a zone's key out of reach, or AWS from telling the account; then
    nothing is remembered.
    """
    now = int(collector.now().timestamp())
    found = discover(collector.store, client, catalogue, collector.region, now)
    before = history.read(collector.store, collector.region, now)
    pulled = Metrics(problems=found.problems)
    after = History(before.until if found.problems else now)
    run = _Run(collector.region, client("cloudwatch"), found, catalogue, now, before, after, pulled)
    pulled.accounting = collector.record("metrics", run.signals())
    history.write(collector.store, collector.region, run.after)
    _report(pulled, collector.region)
    return pulled


@dataclass(slots=True)
class _Run:
    region: str
    cloudwatch: Any
    found: Discovery
    catalogue: Catalogue
    now: int
    before: History
    after: History  # and what becomes of it
    pulled: Metrics

    def signals(self) -> Iterator[Signals]:
        """The new points, of up to 500 series at once."""
        for (start, end), queries in self._due().items():
            for first in range(0, len(queries), BATCH):
                batch = queries[first : first + BATCH]
                fetched = fetch(self.cloudwatch, batch, start, end)
                points = [*self._fresh(batch, fetched, end)]
                self.pulled.requests += fetched.requests
                self.pulled.points += len(points)
                self.pulled.problems += fetched.problems
                yield signals(points, self.catalogue, self.found.buckets)

    def _due(self) -> dict[tuple[int, int], list[Query]]:
        """What to ask for, by the window of time to ask for."""
        due: dict[tuple[int, int], list[Query]] = {}
        gone = 0
        for query in self.found.queries(self.catalogue, self.region):
            delivered = self.before.of(query.series)
            self.after.series[query.series] = delivered
            if asked := window(delivered, query.metric.period_s, self.now):
                due.setdefault(asked, []).append(query)
                gone += delivered.reread < self.now - KEPT
        if gone:
            self.pulled.problems.append(f"{gone} series have a gap: CloudWatch keeps points for 15 days")
        return due

    def _fresh(self, batch: Sequence[Query], fetched: Fetched, end: int) -> Iterator[Point]:
        for query, answer in zip(batch, fetched.answers, strict=True):
            metric, delivered = query.metric, self.after.series[query.series]
            until = end if answer.complete else delivered.until
            after = delivered.after(answer.points, until, metric.period_s)
            self.after.series[query.series] = after
            self.pulled.behind += window(after, metric.period_s, self.now) is not None
            for time, value in delivered.fresh(answer.points).items():
                yield Point(
                    account=self.found.account,
                    region=self.region,
                    namespace=metric.namespace,
                    name=metric.name,
                    dimensions=query.dimensions,
                    time=time * 1_000_000,
                    values={query.statistic: value},
                )


def _report(pulled: Metrics, region: str) -> None:
    """One log line, and the metrics of the collector's own."""
    pulled.report(
        _log,
        "metrics pulled",
        region,
        requests=pulled.requests,
        points=pulled.points,
        behind=pulled.behind,
        usd=round(pulled.usd, 6),
    )
    _requests.add(pulled.requests, {"region": region})
    _points.add(pulled.points, {"region": region})
