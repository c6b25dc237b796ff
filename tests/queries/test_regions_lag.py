"""Replication lag, of metrics and of probes side by side."""

from __future__ import annotations

from typing import Any

import pytest
from query_rows import NOON, SECOND
from region_rows import EU, US, Row, metric, probes

from queries import connect
from store.objects import Store

BUCKETS = {"layer": "file", "unit": "s", "statistic": "maximum", "resource": "shop-files-us-east-1"}
TABLE = {"layer": "session", "unit": "ms", "statistic": "maximum", "resource": "shop-sessions"}
PAIR = {"source_region": EU, "target_region": US}


def lag(store: Store, **span: Any) -> list[Row]:
    with connect(store) as session:
        found = session.lag(**span)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def test_metrics_and_probes_of_a_table_stand_side_by_side(local_store: Store) -> None:
    metric(local_store, "AWS/DynamoDB/ReplicationLatency", 900, 4000, 1100, **TABLE, **PAIR)
    probes(local_store, 500.0, 2000.0, 700.0)

    (row,) = lag(local_store, until=NOON + 300 * SECOND)

    assert (row["layer"], row["resource"], row["source_region"], row["target_region"]) == (
        *("session", "shop-sessions", EU, US),
    )
    assert (row["statistic"], row["periods"], row["probed"], row["probes"], row["timeouts"]) == (
        *("maximum", 3, "shop-sessions", 3, 0),
    )
    assert [row[f"metric_{name}"] for name in ("p50_ms", "p99_ms", "max_ms", "last_ms", "age_s")] == [
        *(1100, 4000, 4000, 1100, 180),
    ]
    assert [row[f"probe_{name}"] for name in ("p50_ms", "p99_ms", "max_ms", "last_ms", "age_s")] == [
        *(700, 2000, 2000, 700, 180),
    ]
    assert row["probe_error_bound_ms"] == 200


def test_the_ways_between_two_regions_are_apart(local_store: Store) -> None:
    metric(local_store, "AWS/DynamoDB/ReplicationLatency", 900, **TABLE, **PAIR)
    probes(local_store, 500.0, region=US, target_region=EU)

    there, back = lag(local_store)

    assert (there["source_region"], there["metric_max_ms"], there["probes"]) == (EU, 900, None)
    assert (back["source_region"], back["metric"], back["probe_max_ms"]) == (US, None, 500)


def test_seconds_become_milliseconds_and_a_bucket_is_known_in_all_regions(local_store: Store) -> None:
    metric(local_store, "AWS/S3/ReplicationLatency", 30, 20, **BUCKETS, **PAIR)
    probes(local_store, 9000.0, layer="file", resource="shop-files-eu-west-1")
    probes(local_store, 8000.0, layer="file", resource="other-files-eu-west-1")

    other, row = lag(local_store)

    assert (row["metric_max_ms"], row["probe_max_ms"], row["probed"]) == (
        30_000,
        9000,
        "shop-files-eu-west-1",
    )
    assert (other["resource"], other["metric"], other["probe_max_ms"]) == (
        "other-files-eu-west-1",
        None,
        8000,
    )


def test_the_only_resource_of_a_layer_and_pair_is_the_one_that_is_probed(local_store: Store) -> None:
    named = {"layer": "database", "statistic": "maximum", "unit": "ms", **PAIR}
    metric(local_store, "AWS/RDS/AuroraGlobalDBReplicationLag", 90, resource="cluster-b", **named)
    probes(local_store, 100.0, layer="database", resource="cluster-a")

    (row,) = lag(local_store)

    assert (row["resource"], row["probed"]) == ("cluster-b", "cluster-a")


def test_where_another_regions_bucket_is_follows_from_what_replicates_into_it(local_store: Store) -> None:
    back = {**BUCKETS, "resource": "shop-files-eu-west-1", "source_region": US, "target_region": EU}
    metric(local_store, "AWS/S3/ReplicationLatency", 30, **back)
    metric(
        local_store,
        "AWS/S3/ReplicationLatency",
        *(20,),
        **{**BUCKETS, "region": US, "target_region": US},
        attributes=[("SourceBucket", "shop-files-eu-west-1")],
    )

    assert [(row["source_region"], row["target_region"]) for row in lag(local_store)] == [(US, EU), (EU, US)]


def test_averages_tell_no_maximum(local_store: Store) -> None:
    averages = {**TABLE, "statistic": "average"}
    metric(local_store, "AWS/DynamoDB/ReplicationLatency", 900, 1000, **averages, **PAIR)

    (row,) = lag(local_store)
    assert (row["statistic"], row["metric_p99_ms"], row["metric_max_ms"]) == ("average", 1000, None)

    metric(local_store, "AWS/DynamoDB/ReplicationLatency", 2000, 3000, **TABLE, **PAIR)
    (row,) = lag(local_store)
    assert (row["statistic"], row["metric_p99_ms"], row["metric_max_ms"]) == ("maximum", 3000, 3000)


@pytest.mark.parametrize(
    ("lags", "expected"),
    [
        ([100.0] * 60 + [None] * 40, (100, None, None, None)),
        ([100.0] * 96 + [None] * 4, (100, 100, None, None)),
        ([None], (None, None, None, None)),
    ],
)
def test_a_timeout_is_longer_than_was_waited_for_and_no_percentile_hides_it(
    local_store: Store, lags: list[float | None], expected: tuple[float | None, ...]
) -> None:
    probes(local_store, *lags)

    (row,) = lag(local_store)

    assert tuple(row[f"probe_{name}_ms"] for name in ("p50", "p95", "p99", "max")) == expected
    assert row["timeouts"] == lags.count(None)
    assert row["probe_last_outcome"] == "timeout"


def test_probes_that_failed_count_but_say_nothing_of_the_lag(local_store: Store) -> None:
    probes(local_store, 100.0)
    probes(local_store, None, None, at=NOON + 120 * SECOND, outcome="error")

    (row,) = lag(local_store)

    assert (row["probes"], row["errors"], row["timeouts"], row["probe_p99_ms"], row["probe_max_ms"]) == (
        *(3, 2, 0, 100, 100),
    )


def test_what_is_no_time_or_no_replication_is_no_lag(local_store: Store) -> None:
    pending = {**BUCKETS, "unit": "By"}
    metric(local_store, "AWS/S3/BytesPendingReplication", 9, **pending, **PAIR)
    metric(local_store, "AWS/DynamoDB/SuccessfulRequestLatency", 9, **TABLE)
    metric(local_store, "AWS/DynamoDB/ReplicationLatency", 9, at=NOON + 60 * SECOND, **TABLE, **PAIR)

    assert lag(local_store, until=NOON + 60 * SECOND) == []
