"""What a region publishes is asked with ListMetrics, once an hour, and remembered in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from cloudwatch import NOW, Cloud, ago, minutes, rows
from emulators import ACCOUNT

from collector.metrics import discovery
from store.objects import Store


@pytest.fixture
def cloud(ministack: str) -> Cloud:
    return Cloud(ministack)


@contextmanager
def counted(cloud: Cloud) -> Iterator[Counter[str]]:
    """How often each operation is called meanwhile."""
    calls: Counter[str] = Counter()
    with ExitStack() as stack:
        for operation in ("ListMetrics", "GetMetricData"):
            stack.enter_context(cloud.failing(operation, lambda _, name=operation: calls.update([name])))
        yield calls


def test_metrics_are_listed_once_an_hour(cloud: Cloud, local_store: Store) -> None:
    cloud.put(ago(5))

    with counted(cloud) as calls:
        for after in (0, 1, 30, 59, 60, 61, 119, 121):
            cloud.pull(local_store, cloud.metric(), at=NOW + minutes(after))

    assert calls["ListMetrics"] == 3
    assert calls["GetMetricData"] == 8


def test_metrics_are_listed_again_when_the_catalogue_changes(cloud: Cloud, local_store: Store) -> None:
    cloud.put(ago(5))
    cloud.put(ago(5), name="Orders")
    cloud.pull(local_store, cloud.metric())

    run = cloud.pull(local_store, cloud.metric(), cloud.metric("Orders"), at=NOW + minutes(1))

    assert run.requests == 2
    assert {row["name"] for row in rows(local_store)} == {
        f"{cloud.namespace}/Errors",
        f"{cloud.namespace}/Orders",
    }


def test_a_namespace_is_listed_once_for_all_its_metrics(cloud: Cloud, local_store: Store) -> None:
    with counted(cloud) as calls:
        cloud.pull(local_store, cloud.metric("A"), cloud.metric("B"), cloud.metric("C"))

    assert calls == {"ListMetrics": 1}


def test_metrics_the_catalogue_does_not_know_are_not_asked_for(cloud: Cloud, local_store: Store) -> None:
    cloud.put(ago(5), name="Other")
    cloud.put(ago(5))

    assert cloud.pull(local_store, cloud.metric()).requests == 1
    assert cloud.pull(local_store, at=NOW + minutes(1)).requests == 0


def test_of_several_sets_of_dimensions_only_the_wanted_are_asked_for(
    cloud: Cloud, local_store: Store
) -> None:
    for dimensions in (
        {"LoadBalancer": "app/a/1"},
        {"LoadBalancer": "app/a/1", "AvailabilityZone": "eu-west-1a"},
    ):
        cloud.put(ago(5), name="RequestCount", dimensions=dimensions)

    run = cloud.pull(local_store, cloud.like("AWS/ApplicationELB", "RequestCount"))

    assert run.requests == 1
    (row,) = rows(local_store)
    assert (row["resource"], row["attributes"]) == ("app/a/1", {})


@pytest.mark.parametrize(
    ("dimensions", "resource", "rest"),
    [
        ({"GlobalReplicationGroupId": "g"}, "g", {}),
        ({"CacheClusterId": "c", "CacheNodeId": "0001"}, "c", {"CacheNodeId": "0001"}),
        ({"ReplicationGroupId": "r", "CacheClusterId": "c"}, "r", {"CacheClusterId": "c"}),
        ({"Unheard": "of"}, None, {"Unheard": "of"}),
    ],
    ids=str,
)
def test_whatever_dimensions_the_lag_of_a_global_datastore_has_it_is_read(
    cloud: Cloud, local_store: Store, dimensions: dict[str, str], resource: str | None, rest: dict[str, str]
) -> None:
    cloud.put(ago(5), name="GlobalDatastoreReplicationLag", dimensions=dimensions, unit="Seconds")

    cloud.pull(local_store, cloud.like("AWS/ElastiCache", "GlobalDatastoreReplicationLag"))

    (row,) = rows(local_store)
    assert (row["resource"], row["attributes"]) == (resource, rest)
    assert (row["source_region"], row["target_region"], row["unit"]) == (None, "eu-west-1", "s")


def test_the_account_and_the_regions_of_buckets_are_asked_once(cloud: Cloud, local_store: Store) -> None:
    bucket = f"{cloud.namespace[5:20]}-asked"
    cloud.client("us-east-1")("s3").create_bucket(Bucket=bucket)
    dimensions = {"SourceBucket": bucket, "DestinationBucket": "x", "RuleId": "all"}
    cloud.put(ago(5), name="ReplicationLatency", dimensions=dimensions)
    metric = cloud.like("AWS/S3", "ReplicationLatency")
    cloud.pull(local_store, metric)
    calls: list[str] = []

    def noticed(model: object, **_: object) -> None:
        calls.append(str(model))

    events = [cloud.client("eu-west-1")(service).meta.events for service in ("sts", "s3")]
    for each in events:
        each.register("before-call", noticed)
    for after in (1, 61, 122):
        cloud.pull(local_store, metric, at=NOW + minutes(after))
    for each in events:
        each.unregister("before-call", noticed)

    assert calls == []
    known = discovery.known(local_store, "eu-west-1")
    assert (known.account, known.buckets) == (ACCOUNT, {bucket: "us-east-1"})
