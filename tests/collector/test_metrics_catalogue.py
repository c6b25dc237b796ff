"""The catalogue says of each metric what the reference says, and only what makes sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.metrics.catalogue import Metric, builtin, catalogue
from collector.metrics.points import UCUM
from store.schema import METRICS

ROOT = Path(__file__).parents[2]


def metric(**told: Any) -> Metric:
    facts = {"namespace": "Shop", "name": "Orders", "statistics": ["sum"], "unit": "1", "layer": "compute"}
    return Metric.model_validate(facts | {"meaning": "orders", "source": "the shop"} | told)


def test_every_metric_is_described_in_full() -> None:
    for metric in builtin().values():
        assert metric.source.startswith("https://"), metric
        assert not metric.meaning.endswith("."), metric
        assert metric.unit in {*UCUM.values()}, metric
        assert all(not each or {*metric.resource} & {*each} for each in metric.dimensions), metric


def test_replication_is_published_at_one_end_and_names_only_the_other() -> None:
    for metric in builtin().values():
        if metric.published == "source region":
            assert metric.source_region is None, metric
        if metric.published in ("destination region", "secondary region"):
            assert metric.target_region is None, metric


def test_every_layer_of_the_schema_has_a_metric() -> None:
    (layer,) = [column for column in METRICS.columns if column.name == "layer"]
    assert {metric.layer for metric in builtin().values()} == {*layer.doc.replace(" or ", ", ").split(", ")}


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("AWS/DynamoDB/ReplicationLatency", ("ms", "source region", {"average", "maximum"})),
        ("AWS/S3/ReplicationLatency", ("s", "destination region", {"maximum"})),
        ("AWS/S3/BytesPendingReplication", ("By", "destination region", {"maximum"})),
        ("AWS/S3/OperationsFailedReplication", ("1", "source region", {"sum", "average", "sample_count"})),
        ("AWS/RDS/AuroraGlobalDBReplicationLag", ("ms", "secondary region", {"average", "maximum"})),
        ("AWS/RDS/AuroraGlobalDBRPOLag", ("ms", "secondary region", {"maximum"})),
        ("AWS/ElastiCache/GlobalDatastoreReplicationLag", ("s", "secondary region", {"maximum"})),
        ("AWS/Route53/HealthCheckStatus", ("1", "us-east-1", {"minimum"})),
        ("AWS/CloudFront/5xxErrorRate", ("%", "us-east-1", {"average"})),
        ("AWS/Lambda/ClaimedAccountConcurrency", ("1", "region", {"maximum"})),
        ("AWS/ApplicationELB/TargetResponseTime", ("s", "region", {"average", "p99"})),
    ],
)
def test_the_metrics_that_mislead_are_right(name: str, facts: tuple[str, str, set[str]]) -> None:
    (found,) = [metric for metric in builtin().values() if metric.full_name == name]
    assert (found.unit, found.published, {*found.statistics}) == facts


def test_counts_of_a_load_balancer_are_zero_when_absent_and_everything_else_is_unknown() -> None:
    zero = [metric for metric in builtin().values() if metric.absence == "zero"]
    assert {metric.namespace for metric in zero} == {"AWS/ApplicationELB"}
    assert all("sum" in metric.statistics for metric in zero)
    assert builtin()["AWS/ApplicationELB", "HealthyHostCount"].absence == "unknown"


def test_the_page_for_people_lists_every_metric() -> None:
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")

    rows = [line for line in page.splitlines() if line.startswith("| `")]

    assert rows == [row(metric) for metric in builtin().values()]


def row(metric: Metric) -> str:
    cells = [
        f"`{metric.full_name}`",
        metric.layer,
        ", ".join(metric.statistics),
        *(metric.unit, metric.published, metric.absence, metric.meaning),
    ]
    return f"| {' | '.join(cells)} |"


def test_a_user_s_metric_is_added_and_replaces_one_of_the_same_name() -> None:
    own, changed = metric(), metric(namespace="AWS/SQS", name="NumberOfMessagesSent", statistics=["p99"])

    known = catalogue([own, changed])

    assert known["Shop", "Orders"] == own
    assert known["AWS/SQS", "NumberOfMessagesSent"].statistics == ("p99",)
    assert len(known) == len(builtin()) + 1


def test_excluded_metrics_are_matched_by_their_whole_name() -> None:
    known = catalogue(exclude=["AWS/Logs/.*", "AWS/SQS/Number"])

    assert not [each for each in known.values() if each.namespace == "AWS/Logs"]
    assert len([each for each in known.values() if each.namespace == "AWS/SQS"]) == 9


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"statistics": []}, "at least 1 item"),
        ({"statistics": ["mean"]}, "must be sum, average, minimum, maximum, sample_count, or a percentile"),
        ({"statistics": ["p0"]}, "or a percentile"),
        ({"statistics": ["sum", "sum"]}, "must not name one twice"),
        ({"period_s": 90}, "must be a multiple of 60"),
        ({"layer": "network"}, "Input should be 'edge'"),
        ({"published": "eu-west-1"}, "Input should be 'region'"),
        ({"absence": "healthy"}, "Input should be 'zero'"),
        ({"name": ""}, "at least 1 character"),
        ({"name": "a\nb"}, "should match pattern"),
        ({"dimension": []}, "Extra inputs are not permitted"),
    ],
)
def test_a_metric_that_makes_no_sense_is_refused_with_the_rule(wrong: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError) as error:
        metric(**wrong)

    assert rule in str(error.value)


def test_of_the_sets_of_dimensions_the_wanted_are_taken_and_all_if_none_is_there() -> None:
    function = metric(dimensions=[["Function"], []])
    by_function, by_alias = {"Function": "a"}, {"Function": "a", "Alias": "live"}

    assert function.wanted([by_function, by_alias, {}]) == [by_function, {}]
    assert function.wanted([by_alias]) == [by_alias]
    assert metric().wanted([by_function, by_alias]) == [by_function, by_alias]
