"""What metrics cost is known before they are pulled, and measured while they are."""

from __future__ import annotations

import pytest
from cloudwatch import NOW, Cloud, ago, minutes
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from collector.metrics import catalogue, pull
from collector.metrics.cost import MONTH, assumed, discovered, estimate
from store.objects import Store


def test_the_example_of_the_reference_comes_out() -> None:
    each_minute, every_five = estimate({60: 120}, 60), estimate({60: 120}, 300)

    assert (each_minute.per_run, each_minute.per_month) == (120, 5_184_000)
    assert each_minute.usd_per_month == pytest.approx(51.84)
    assert every_five.usd_per_month == pytest.approx(10.368)


def test_a_series_of_five_minutes_is_paid_once_in_five_minutes() -> None:
    assert estimate({300: 1}, 60).per_month == estimate({60: 1}, 300).per_month == MONTH // 300
    assert estimate({}, 60).usd_per_month == 0


def test_each_statistic_and_wanted_set_of_each_resource_in_each_region_counts() -> None:
    known = {
        key: catalogue.builtin()[key]
        for key in [
            ("AWS/DynamoDB", "ReplicationLatency"),  # two statistics
            ("AWS/Lambda", "ConcurrentExecutions"),  # two sets of dimensions
            ("AWS/DynamoDB", "PendingReplicationCount"),  # five minutes
            ("AWS/Route53", "HealthCheckStatus"),  # us-east-1
            ("Microsoft.DocumentDB/DatabaseAccounts", "TotalRequests"),  # not CloudWatch's
        ]
    }

    counts = assumed(known, ["eu-west-1", "us-east-1"], {"AWS/DynamoDB": 10}, otherwise=1)

    assert counts == {60: 2 * (10 * 2 + 2) + 1, 300: 2 * 10}


def test_what_was_discovered_can_be_estimated(ministack: str, local_store: Store) -> None:
    cloud = Cloud(ministack)
    metric = cloud.metric(statistics=["sum", "p99"])
    for function in ("a", "b", "c"):
        cloud.put(ago(5), dimensions={"Function": function})
    run = cloud.pull(local_store, metric)

    counts = discovered(local_store, {(cloud.namespace, "Errors"): metric}, ["eu-west-1", "us-east-1"])
    found = estimate(counts, 60)

    assert run.requests == found.per_run == 6
    assert run.usd == pytest.approx(0.00006)
    assert found.per_month == 6 * 43_200


def test_requests_and_points_are_measured(
    ministack: str, local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("test")
    for name in ("requests", "points"):
        monkeypatch.setattr(pull, f"_{name}", meter.create_counter(f"regionscope.metrics.{name}"))
    cloud = Cloud(ministack)
    cloud.put(ago(*range(3, 13)))

    for run in range(2):
        cloud.pull(local_store, cloud.metric(), at=NOW + minutes(run))

    data = reader.get_metrics_data()
    assert data
    measured = {
        metric.name: [(point.value, dict(point.attributes)) for point in metric.data.data_points]
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    assert measured == {
        "regionscope.metrics.requests": [(2, {"region": "eu-west-1"})],
        "regionscope.metrics.points": [(10, {"region": "eu-west-1"})],
    }
