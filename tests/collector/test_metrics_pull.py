"""Metrics put with CloudWatch's own API, pulled per region, found in the store exactly once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cloudwatch import NOW, Cloud, ago, minutes, rows, values
from emulators import ACCOUNT, REGIONS

from store.objects import Store


@pytest.fixture
def cloud(ministack: str) -> Cloud:
    return Cloud(ministack)


def test_metrics_of_three_regions_are_stored_exactly_once_however_often_they_are_pulled(
    cloud: Cloud, local_store: Store
) -> None:
    metric = cloud.metric(statistics=("sum", "average", "maximum", "sample_count", "p99"))
    for number, region in enumerate(REGIONS):
        for _ in range(2):
            cloud.put({NOW - minutes(age): age + number for age in range(3, 33)}, region)

    for run in range(4):
        for region in REGIONS:
            cloud.pull(local_store, metric, at=NOW + minutes(run), region=region)
        rows(local_store)

    found = rows(local_store)
    assert len(found) == 3 * 30 * 5
    assert len({(row["series"], row["time"]) for row in found}) == len(found)
    assert len({row["series"] for row in found}) == 3 * 5
    for number, region in enumerate(REGIONS):
        here = [row for row in found if row["region"] == region and row["time"] == NOW - minutes(10)]
        assert {row["statistic"]: row["value"] for row in here} == {
            "sum": 2 * (10 + number),
            "average": 10 + number,
            "maximum": 10 + number,
            "sample_count": 2,
            "p99": 10 + number,
        }


def test_a_row_says_what_the_catalogue_and_the_dimensions_say(cloud: Cloud, local_store: Store) -> None:
    cloud.put(ago(5, value=250), dimensions={"Function": "orders", "Alias": "live"}, unit="Milliseconds")

    cloud.pull(local_store, cloud.metric(unit="ms", statistics=("sum", "sample_count")))

    total, count = rows(local_store, "statistic desc")
    assert (
        total.items()
        >= {
            "time": NOW - minutes(5),
            "region": "eu-west-1",
            "account_id": ACCOUNT,
            "name": f"{cloud.namespace}/Errors",
            "value": 250.0,
            "unit": "ms",
            "statistic": "sum",
            "period_s": 60,
            "layer": "compute",
            "resource": "orders",
            "source_region": None,
            "target_region": None,
            "attributes": {"Alias": "live"},
        }.items()
    )
    assert (count["statistic"], count["unit"], count["value"]) == ("sample_count", "1", 1)


def test_replication_latency_of_dynamodb_is_from_the_region_that_tells_to_the_receiving_one(
    cloud: Cloud, local_store: Store
) -> None:
    dimensions = {"TableName": "sessions", "ReceivingRegion": "ap-southeast-1"}
    cloud.put(ago(5, value=830), "eu-west-1", "ReplicationLatency", dimensions)

    cloud.pull(local_store, cloud.like("AWS/DynamoDB", "ReplicationLatency"))

    found = rows(local_store, "statistic")
    assert [row["statistic"] for row in found] == ["average", "maximum"]
    for row in found:
        assert (row["source_region"], row["target_region"]) == ("eu-west-1", "ap-southeast-1")
        assert (row["resource"], row["unit"], row["layer"]) == ("sessions", "ms", "session")


def test_replication_metrics_of_s3_come_from_the_source_bucket_s_region_to_the_one_that_tells(
    cloud: Cloud, local_store: Store
) -> None:
    source, gone = f"{cloud.namespace[5:20]}-source", f"{cloud.namespace[5:20]}-gone"
    cloud.client("us-east-1")("s3").create_bucket(Bucket=source)
    for bucket in (source, gone):
        dimensions = {"SourceBucket": bucket, "DestinationBucket": f"copy-of-{bucket}", "RuleId": "all"}
        cloud.put(ago(5, value=12), "eu-west-1", "ReplicationLatency", dimensions)

    cloud.pull(local_store, cloud.like("AWS/S3", "ReplicationLatency"))

    unknown, known = rows(local_store, "resource")
    assert (known["source_region"], known["target_region"]) == ("us-east-1", "eu-west-1")
    assert (known["resource"], known["unit"]) == (f"copy-of-{source}", "s")
    assert known["attributes"] == {"SourceBucket": source, "RuleId": "all"}
    assert (unknown["source_region"], unknown["target_region"]) == (None, "eu-west-1")


def test_failed_replication_of_s3_is_told_where_it_comes_from(cloud: Cloud, local_store: Store) -> None:
    copy = f"{cloud.namespace[5:20]}-copy"
    cloud.client("ap-southeast-1")("s3").create_bucket(
        Bucket=copy, CreateBucketConfiguration={"LocationConstraint": "ap-southeast-1"}
    )
    dimensions = {"SourceBucket": "orders", "DestinationBucket": copy, "RuleId": "all"}
    cloud.put(ago(5, value=1), "eu-west-1", "OperationsFailedReplication", dimensions)

    cloud.pull(local_store, cloud.like("AWS/S3", "OperationsFailedReplication"))

    for row in rows(local_store):
        assert (row["source_region"], row["target_region"]) == ("eu-west-1", "ap-southeast-1")


def test_lag_of_aurora_is_to_the_secondary_that_tells(cloud: Cloud, local_store: Store) -> None:
    with_source = {"DBClusterIdentifier": "shop", "SourceRegion": "us-east-1"}
    for dimensions in (with_source, {"DBClusterIdentifier": "shop"}):
        cloud.put(ago(5, value=90), "eu-west-1", "AuroraGlobalDBRPOLag", dimensions)

    cloud.pull(local_store, cloud.like("AWS/RDS", "AuroraGlobalDBRPOLag"))

    told, untold = rows(local_store, "source_region nulls last")
    assert (told["source_region"], told["target_region"]) == ("us-east-1", "eu-west-1")
    assert (untold["source_region"], untold["target_region"]) == (None, "eu-west-1")
    assert told["resource"] == untold["resource"] == "shop"
    assert told["series"] != untold["series"]


def test_what_is_published_in_us_east_1_only_is_asked_for_there_only(
    cloud: Cloud, local_store: Store
) -> None:
    status = cloud.like("AWS/Route53", "HealthCheckStatus")
    for region in REGIONS:
        cloud.put(ago(5, value=1), region, "HealthCheckStatus", {"HealthCheckId": "h1"})

    runs = {region: cloud.pull(local_store, status, region=region) for region in REGIONS}

    assert {region: run.requests for region, run in runs.items()} == dict.fromkeys(REGIONS, 0) | {
        "us-east-1": 1
    }
    (row,) = rows(local_store)
    assert (row["region"], row["statistic"], row["resource"]) == ("us-east-1", "minimum", "h1")


def test_missing_points_stay_missing(cloud: Cloud, local_store: Store) -> None:
    balancer = cloud.like("AWS/ApplicationELB", "RequestCount")
    cloud.put(ago(5, 9, value=1), name="RequestCount", dimensions={"LoadBalancer": "app/shop/1"})

    cloud.pull(local_store, balancer)

    assert balancer.absence == "zero"
    assert values(local_store) == [(NOW - minutes(9), 1), (NOW - minutes(5), 1)]


def test_only_points_that_are_new_are_shipped(cloud: Cloud, store: Store) -> None:
    cloud.put(ago(*range(1, 31)))

    first = cloud.pull(store, cloud.metric())
    second = cloud.pull(store, cloud.metric(), at=NOW + minutes(1))
    third = cloud.pull(store, cloud.metric(), at=NOW + minutes(1))

    assert (first.points, first.accounting.stored) == (28, 28)  # the last two minutes are not over yet
    assert (second.points, second.accounting.stored) == (1, 1)
    assert (third.points, third.requests) == (0, 0)  # there can be nothing new


def test_a_late_point_is_added_and_one_that_changed_replaced(cloud: Cloud, local_store: Store) -> None:
    cloud.put(ago(12, value=1))
    cloud.pull(local_store, cloud.metric())
    assert values(local_store) == [(NOW - minutes(12), 1)]

    cloud.put(ago(12, value=2))
    cloud.put(ago(14, value=5))
    late = cloud.pull(local_store, cloud.metric(), at=NOW + minutes(1))

    assert late.points == 2
    assert values(local_store) == [(NOW - minutes(14), 5), (NOW - minutes(12), 3)]


@pytest.mark.parametrize("written", [0, 1, 2, 3])
@pytest.mark.parametrize("last", ["lost", "durable"])
def test_a_run_killed_at_any_write_is_repeated_and_leaves_nothing_twice(
    cloud: Cloud, local_store: Store, monkeypatch: pytest.MonkeyPatch, written: int, last: str
) -> None:
    cloud.put(ago(*range(3, 20)))

    with monkeypatch.context() as patch:
        killing(patch, written, last == "durable")
        try:
            cloud.pull(local_store, cloud.metric())
        except Killed:
            assert written < 3
    rows(local_store)  # whatever it left is committed
    again = cloud.pull(local_store, cloud.metric(), at=NOW + minutes(1))

    assert again.points == (0 if (written, last) in ((2, "durable"), (3, "lost"), (3, "durable")) else 17)
    assert values(local_store) == [(NOW - minutes(age), age) for age in range(19, 2, -1)]


class Killed(BaseException):
    """The end of a process."""


def killing(patch: pytest.MonkeyPatch, written: int, durable: bool) -> None:
    """After so many writes the next one kills, before it is made or when it is durable."""
    left = iter(range(written))
    for name in ("put", "put_new"):
        write = getattr(Store, name)

        def mortal(*given: Any, write: Any = write) -> Any:
            if next(left, None) is not None:
                return write(*given)
            if durable:
                write(*given)
            raise Killed

        patch.setattr(Store, name, mortal)


def test_after_downtime_a_bounded_stretch_is_caught_up_per_run(cloud: Cloud, local_store: Store) -> None:
    metric = cloud.metric()
    start = NOW - timedelta(hours=15)
    cloud.put({start - minutes(3): 0})
    cloud.pull(local_store, metric, at=start)
    cloud.put({start + minutes(5 * number): number for number in range(1, 15 * 12)})

    runs = [cloud.pull(local_store, metric) for _ in range(4)]

    assert [run.behind for run in runs] == [1, 1, 0, 0]
    assert runs[0].points == 68  # of six hours, less the quarter of an hour that is read again
    assert [value for _, value in values(local_store)] == [*range(15 * 12)]


def test_points_that_cloudwatch_no_longer_has_are_told_of(cloud: Cloud, local_store: Store) -> None:
    cloud.put(ago(10, value=1))
    cloud.pull(local_store, cloud.metric(), at=NOW - timedelta(days=16))

    run = cloud.pull(local_store, cloud.metric())

    assert run.problems == ["1 series have a gap: CloudWatch keeps points for 15 days"]
    assert run.behind == 1


def test_a_series_that_is_new_is_read_from_before_the_last_run(cloud: Cloud, local_store: Store) -> None:
    metric = cloud.metric()
    cloud.put(ago(5, value=1))
    cloud.pull(local_store, metric)
    cloud.put(ago(100, 40, 3, value=2), dimensions={"Function": "search"})

    before = cloud.pull(local_store, metric, at=NOW + minutes(1))
    after = cloud.pull(local_store, metric, at=NOW + minutes(61))

    assert before.requests == 1  # nobody knows of the other yet
    assert after.points == 3
    assert [row["resource"] for row in rows(local_store, "time")] == ["search", "search", "orders", "search"]


def test_a_metric_of_five_minutes_is_asked_for_when_five_minutes_are_over(
    cloud: Cloud, local_store: Store
) -> None:
    metric = cloud.metric(period_s=300)
    cloud.put(ago(*range(1, 30), value=1))

    runs = [cloud.pull(local_store, metric, at=NOW + minutes(number)) for number in range(8)]

    assert [run.requests for run in runs] == [1, 0, 1, 0, 0, 0, 0, 1]
    found = rows(local_store)
    assert {row["period_s"] for row in found} == {300}
    assert [row["time"].minute % 5 for row in found] == [0] * len(found)
    assert sum(row["value"] for row in found) == 29
