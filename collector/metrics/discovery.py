"""Discovery: what ListMetrics says a region publishes, remembered for an hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from collector.metrics.catalogue import Catalogue, Metric
from collector.metrics.points import series
from collector.refusal import REFUSALS, member, reason
from store import marks
from store.layout import content_id
from store.objects import Store

REFRESH = 3600  # seconds; a new metric takes up to 15 minutes to be listed anyway (API reference)


@dataclass(frozen=True, slots=True)
class Query:
    """One statistic of one metric with its dimensions: a time series, and what GetMetricData bills."""

    metric: Metric
    dimensions: Mapping[str, str]
    statistic: str
    series: str


@dataclass(slots=True)
class Discovery:
    """What a region publishes of the catalogue. `problems` are what could not be asked, as sentences.

    `listings` are by namespace: when it was listed (epoch s), of which part of the catalogue, and what was
    found, as pairs of a metric's name and its dimensions.
    """

    account: str | None = None
    listings: dict[str, dict[str, Any]] = field(default_factory=dict)
    buckets: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def queries(self, catalogue: Catalogue, region: str) -> Iterator[Query]:
        """Everything to ask GetMetricData for."""
        for metric, dimensions in self.metrics(catalogue):
            for statistic in metric.statistics if metric.asked_in(region) else ():
                id = series(self.account, region, metric.full_name, statistic, dimensions)
                yield Query(metric, dimensions, statistic, id)

    def metrics(self, catalogue: Catalogue) -> Iterator[tuple[Metric, Mapping[str, str]]]:
        """The metrics of the catalogue that were found, with the dimensions they are published with."""
        for namespace, listing in self.listings.items():
            for name, dimensions in listing["found"]:
                if metric := catalogue.get((namespace, name)):
                    yield metric, dimensions


def known(store: Store, region: str) -> Discovery:
    """What the last run knew."""
    return Discovery(**(marks.read(store, _mark(region)) or {}))


def discover(
    store: Store, client: Callable[[str], Any], catalogue: Catalogue, region: str, now: int
) -> Discovery:
    """What the region publishes now, as of an hour ago at most. Raises AWS's errors if STS does not answer.

    A namespace that cannot be listed keeps what was known of it, and is listed again by the next run.
    """
    found = known(store, region)
    before = found.account, dict(found.listings), dict(found.buckets)
    found.account = found.account or client("sts").get_caller_identity()["Account"]
    wanted = _by_namespace(metric for metric in catalogue.values() if metric.asked_in(region))
    found.listings = {name: found.listings[name] for name in wanted if name in found.listings}
    refreshed = [_refresh(found, client, name, metrics, now) for name, metrics in wanted.items()]
    if any(refreshed):
        _locate(found, client, catalogue)
    if before != (found.account, found.listings, found.buckets):
        value = {"account": found.account, "listings": found.listings, "buckets": found.buckets}
        marks.write(store, _mark(region), value)
    return found


def _mark(region: str) -> str:
    return f"metrics-discovery/{region}"


def _by_namespace(metrics: Iterable[Metric]) -> dict[str, list[Metric]]:
    ordered = sorted(metrics, key=lambda metric: (metric.namespace, metric.name))
    return {name: [*group] for name, group in groupby(ordered, key=lambda metric: metric.namespace)}


def _refresh(
    found: Discovery, client: Callable[[str], Any], namespace: str, metrics: list[Metric], now: int
) -> bool:
    """List a namespace, unless that is known; whether it was listed."""
    of = content_id(metric.model_dump_json().encode() for metric in metrics)
    listing = found.listings.get(namespace)
    if listing and listing["of"] == of and now - listing["at"] < REFRESH:
        return False
    try:
        listed = _list(client("cloudwatch"), namespace)
    except REFUSALS as error:
        found.problems.append(f"ListMetrics of {namespace}: {reason(error)}")
        return False
    pairs = [(metric.name, each) for metric in metrics for each in metric.wanted(listed.get(metric.name, []))]
    found.listings[namespace] = {"at": now, "of": of, "found": [[*pair] for pair in pairs]}
    return True


def _list(cloudwatch: Any, namespace: str) -> dict[str, list[Mapping[str, str]]]:
    """The dimensions of every metric in a namespace, by its name.

    Metrics silent for up to two weeks are listed, and asked for, too (no RecentlyActive): a count of errors
    that is published again is what one waits for, and should not wait an hour for the next discovery.
    """
    found: dict[str, dict[frozenset[tuple[str, str]], None]] = {}
    for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace):
        for metric in member(page, "Metrics"):
            dimensions = frozenset((each["Name"], each["Value"]) for each in metric.get("Dimensions", ()))
            found.setdefault(metric["MetricName"], {})[dimensions] = None
    return {name: [dict(sorted(each)) for each in sets] for name, sets in found.items()}


def _locate(found: Discovery, client: Callable[[str], Any], catalogue: Catalogue) -> None:
    """Find the regions of buckets that replication metrics name; a bucket stays where it is."""
    for bucket in sorted(_named_buckets(found, catalogue) - found.buckets.keys()):
        try:
            answer = client("s3").head_bucket(Bucket=bucket)
        except ClientError as error:  # that of a bucket which is not ours names the region, too
            answer = error.response
        except BotoCoreError as error:
            found.problems.append(f"HeadBucket: {reason(error)}")
            continue
        if region := answer["ResponseMetadata"].get("HTTPHeaders", {}).get("x-amz-bucket-region"):
            found.buckets[bucket] = region


def _named_buckets(found: Discovery, catalogue: Catalogue) -> set[str]:
    buckets: set[str | None] = set()
    for metric, dimensions in found.metrics(catalogue):
        sides = metric.source_region, metric.target_region
        buckets |= {dimensions.get(side) for side in sides if side and side.endswith("Bucket")}
    return {bucket for bucket in buckets if bucket}
