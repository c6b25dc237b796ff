"""The S3 file tracker: what it claims, compared with what S3 says of a sample, as rows of `metrics`."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from collector.handler import Collector
from collector.metrics.points import series
from collector.pulled import Pulled
from collector.refusal import REFUSALS, reason
from collector.signals import Signals
from collector.state.tracker import PAGES, Claims, Tracker, read
from store.schema import METRICS

_log = logging.getLogger(__name__)

NAMESPACE = "regionscope/FileTracker"

_MISSING = "missing"  # beside S3's own words: PENDING, COMPLETED, FAILED, REPLICA

# What is wrong with an object, by what is asked about it.
_FINDINGS = ("FalsePositives", "StaleTracker", "FailedReplication")


def track(collector: Collector, client: Callable[[str], Any], trackers: Sequence[Tracker]) -> Pulled:
    """Measure each tracker once. One that AWS will not let us read leaves the others alone.

    `client` gives a boto3 client of the collector's region, which has the tables and the source buckets.
    Raises whatever keeps the store out of reach.
    """
    pulled, now = Pulled(), round(collector.now().timestamp() * 1_000_000)
    rows: list[dict[str, Any]] = []
    for tracker in trackers:
        try:
            claims = read(client("dynamodb"), tracker, Random(now))
        except REFUSALS as error:
            pulled.problems.append(f"tracker {tracker.table}: {reason(error)}")
            continue
        findings = _check(client("s3"), tracker, claims, pulled.problems)
        pulled.problems += _problems(tracker, claims)
        values = [*_claimed(tracker, claims, now), *_found(claims, findings)]
        rows += [_row(tracker, collector.region, now, *value) for value in values]
    if rows:
        pulled.accounting = collector.record("files", [Signals.of(METRICS, rows)])
    pulled.report(_log, "files tracked", collector.region, stored=pulled.accounting.stored)
    return pulled


_Value = tuple[str, float, str, Mapping[str, str]]  # name, value, unit, dimensions


def _claimed(tracker: Tracker, claims: Claims, now: int) -> Iterator[_Value]:
    """Nothing of a read that stopped before the end: its counts would be too low, its oldest too young."""
    if not claims.complete:
        return
    for state, count in claims.objects.items():
        yield "Objects", count, "1", {"state": state}
    if not claims.unreadable:
        age = (now - claims.oldest) / 1_000_000 if claims.oldest is not None else 0.0
        yield "OldestLocalOnlyAge", max(age, 0.0), "s", {}
    if tracker.fallback_reads:
        yield "FallbackReads", claims.fallback_reads, "1", {}


def _found(claims: Claims, findings: Counter[str]) -> Iterator[_Value]:
    """Of an empty sample nothing is known, so it finds nothing, not zero."""
    size = findings.total()
    yield "SampleSize", size, "1", {}
    if size:
        for name in _FINDINGS:
            yield name, findings[name], "1", {}


def _check(s3: Any, tracker: Tracker, claims: Claims, problems: list[str]) -> Counter[str]:
    """What S3 says of the sampled objects, counted; those it says nothing of are not in it."""
    found: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    for state, keys in claims.samples.items():
        for key in keys:
            try:
                source = _status(s3, tracker.source_bucket, key)
                target = _status(s3, tracker.target_bucket, key)
            except REFUSALS as error:
                refusals[reason(error)] += 1
            else:
                found[_verdict(state == tracker.replicated, source, target)] += 1
    problems += [
        f"tracker {tracker.table}: HeadObject of {count} sampled objects: {why}"
        for why, count in refusals.items()
    ]
    return found


def _status(s3: Any, bucket: str, key: str) -> str:
    try:
        return str(s3.head_object(Bucket=bucket, Key=key).get("ReplicationStatus"))
    except ClientError as error:
        if reason(error) in ("404", "NoSuchKey", "NotFound"):
            return _MISSING
        raise


def _verdict(claimed: bool, source: str, target: str) -> str:
    """An object deleted at its source is none that a reader could miss."""
    if claimed:
        return "FalsePositives" if target == _MISSING and source != _MISSING else "agrees"
    if target == "REPLICA":
        return "StaleTracker"
    return "FailedReplication" if source == "FAILED" else "agrees"


def _row(
    tracker: Tracker,
    region: str,
    time: int,
    name: str,
    value: float,
    unit: str,
    dimensions: Mapping[str, str],
) -> dict[str, Any]:
    full, place = f"{NAMESPACE}/{name}", {"table": tracker.table, "bucket": tracker.source_bucket}
    return {
        "time": time,
        "region": region,
        "name": full,
        "value": float(value),
        "unit": unit,
        "statistic": "last",
        "layer": "file",
        "resource": tracker.table,
        "source_region": region,
        "target_region": tracker.target_region,
        "series": series(None, region, full, "last", {**place, **dimensions}),
        "attributes": {
            "aws.s3.bucket": tracker.source_bucket,
            "target_bucket": tracker.target_bucket,
            **dimensions,
        },
    }


def _problems(tracker: Tracker, claims: Claims) -> Iterator[str]:
    if not claims.complete:
        yield f"tracker {tracker.table}: has more than {PAGES} pages: give it an index on {tracker.state}"
    if claims.unreadable:
        yield (
            f"tracker {tracker.table}: {claims.unreadable} items lack {tracker.key} or {tracker.state}, "
            f"or hold no time in {tracker.since}: the oldest age is unknown"
        )
