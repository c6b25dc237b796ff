"""Lines of a CloudWatch metric stream: rows of the same series as if they had been pulled."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cloudwatch import NOW as THIS_HOUR
from cloudwatch import Cloud, ago, minutes, rows
from collector_payloads import (
    MS,
    NOW,
    Json,
    collector,
    counts,
    encoded,
    firehose,
    kinesis,
    only,
    quarantined,
    sqs,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.metrics import catalogue, stream
from collector.metrics.pull import pull
from store import tables
from store.objects import Store, open_store

FOLDER = (
    "amazon-contributing__opentelemetry-collector-contrib/receiver/awsfirehosereceiver/internal/unmarshaler"
)


@pytest.fixture
def streams(samples: Path) -> Path:
    return samples / FOLDER / "cwmetricstream" / "testdata"


def line(**keys: Any) -> Json:
    told = {
        "metric_stream_name": "all",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "namespace": "AWS/DynamoDB",
        "metric_name": "ReplicationLatency",
        "dimensions": {"TableName": "sessions", "ReceivingRegion": "us-east-1"},
        "timestamp": MS,
        "value": {"min": 200.0, "max": 900.0, "sum": 2400.0, "count": 4.0},
        "unit": "Milliseconds",
    }
    return told | keys


def payload(*lines: Any) -> bytes:
    return b"".join(encoded(each) + b"\n" for each in lines)


def test_a_line_is_a_row_per_statistic_with_the_average_where_it_is_wanted(local_store: Store) -> None:
    found = counts(collector(local_store).collect(firehose(payload(line()))))

    assert found == only(stored=5)
    table = {row["statistic"]: row for row in rows(local_store)}
    assert {statistic: (row["value"], row["unit"]) for statistic, row in table.items()} == {
        "minimum": (200, "ms"),
        "maximum": (900, "ms"),
        "sum": (2400, "ms"),
        "sample_count": (4, "1"),
        "average": (600, "ms"),
    }
    for row in table.values():
        assert (row["time"], row["period_s"], row["account_id"]) == (NOW, 60, "123456789012")
        assert (row["source_region"], row["target_region"]) == ("eu-west-1", "us-east-1")
        assert (row["layer"], row["resource"]) == ("session", "sessions")


def test_without_samples_there_is_no_average(local_store: Store) -> None:
    nothing = {"min": 0.0, "max": 0.0, "sum": 0.0, "count": 0.0}

    assert counts(collector(local_store).collect(firehose(payload(line(value=nothing))))) == only(stored=4)


def test_further_statistics_of_a_stream_keep_their_name(local_store: Store) -> None:
    collector(local_store).collect(firehose(payload(line(value={"p99": 880.5, "tm98": 700}))))

    assert {row["statistic"]: row["value"] for row in rows(local_store)} == {"p99": 880.5, "tm98": 700}


def test_a_metric_the_catalogue_does_not_know_keeps_all_it_has(local_store: Store) -> None:
    unknown = line(namespace="Shop", metric_name="Carts", dimensions={"Country": "IE"}, unit="None")
    several = line(
        namespace="Shop", metric_name="Carts", dimensions={"Country": "IE", "Tier": "gold"}, unit="Furlong"
    )

    collector(local_store).collect(firehose(payload(unknown, several)))

    one, two = rows(local_store, "(statistic = 'sum') desc, unit nulls first")[:2]
    assert (one["name"], one["resource"], one["layer"], one["unit"]) == ("Shop/Carts", "IE", None, None)
    assert one["attributes"] == {"Country": "IE"}
    assert (two["resource"], two["unit"]) == (None, "Furlong")
    assert two["attributes"] == {"Country": "IE", "Tier": "gold"}


def test_pulled_and_streamed_points_are_the_same_series_and_not_counted_twice(
    ministack: str, local_store: Store
) -> None:
    cloud = Cloud(ministack, namespace="AWS/DynamoDB")
    metric = catalogue.builtin()["AWS/DynamoDB", "ReplicationLatency"]
    dimensions = {"TableName": "streamed", "ReceivingRegion": "us-east-1"}
    cloud.put(ago(5, value=700), "eu-west-1", metric.name, dimensions, "Milliseconds")
    told = line(
        timestamp=(THIS_HOUR - minutes(5)).timestamp() * 1000,
        dimensions=dimensions,
        value={"min": 700.0, "max": 700.0, "sum": 700.0, "count": 1.0},
    )

    there = collector(local_store, now=lambda: THIS_HOUR)
    there.collect(firehose(payload(told)))
    pull(there, cloud.client("eu-west-1"), {(metric.namespace, metric.name): metric})

    found = [row for row in rows(local_store, "statistic") if row["resource"] == "streamed"]
    assert [row["statistic"] for row in found] == ["average", "maximum", "minimum", "sample_count", "sum"]


WRONG = [
    ({"timestamp": None}, "timestamp is None: must be a time between the years 2000 and 2100"),
    ({"timestamp": -5}, "timestamp is -5: must be a time"),
    ({"region": "../../etc"}, "region is '../../etc': must be a region's name, such as eu-west-1"),
    ({"region": None}, "region is None: must be text"),
    ({"account_id": 5}, "account_id is 5: must be text"),
    ({"namespace": ""}, "namespace is '': must be text"),
    ({"metric_name": ["x"]}, "metric_name is list: must be text"),
    ({"dimensions": {"a": 1}}, "dimensions is dict: must be an object of texts"),
    ({"value": {}}, "value is dict: must be an object of finite numbers"),
    ({"value": {"sum": True}}, "value is dict: must be an object of finite numbers"),
    ({"value": {"sum": 10**400}}, "value is dict: must be an object of finite numbers"),
    ({"value": {"sum": float("nan")}}, "value is dict: must be an object of finite numbers"),
    ({"value": 7}, "value is 7: must be an object of finite numbers"),
]


@pytest.mark.parametrize(("keys", "reason"), WRONG, ids=[reason[:30] for _, reason in WRONG])
def test_a_line_that_makes_no_sense_is_quarantined_with_key_value_and_rule(keys: Json, reason: str) -> None:
    store = open_store("memory://")

    found = counts(
        collector(store).collect(firehose(payload(line(), line(**keys), line(timestamp=MS + 60_000))))
    )

    assert found == only(stored=10, quarantined=1)
    (rejected,) = quarantined(store)
    assert rejected.reason.startswith(reason)
    assert rejected.payload == encoded(line(**keys))
    assert counts(collector(store).replay(rejected).counts()) == only(quarantined=1)


@pytest.mark.parametrize("broken", [encoded(line())[:-9], b"oops", b'{"a":', b"\xff\x00{}{", b"[" * 5000])
def test_a_broken_line_costs_no_neighbour(broken: bytes) -> None:
    store = open_store("memory://")
    lines = [payload(line(timestamp=MS + 60_000 * number)) for number in range(4)]

    found = counts(collector(store).collect(firehose(b"".join([*lines[:2], broken, b"\n", *lines[2:]]))))

    assert found["stored"] == 20
    assert found["quarantined"] == len(quarantined(store)) >= 1
    assert b"".join(rejected.payload for rejected in quarantined(store)) == broken


def test_the_sample_of_one_record_is_one_update(streams: Path, local_store: Store) -> None:
    found = counts(collector(local_store).collect(firehose((streams / "single_record").read_bytes())))

    assert found == only(stored=4)
    assert {row["time"] for row in rows(local_store)} == {datetime(2021, 1, 29, 14, 14, 58, tzinfo=UTC)}
    assert {row["statistic"]: (row["value"], row["unit"]) for row in rows(local_store)} == {
        "minimum": (0, "s"),
        "maximum": (18, "s"),
        "sum": (20, "s"),
        "sample_count": (3, "1"),
    }


@pytest.mark.parametrize("entry", ["firehose", "file"])
def test_the_sample_of_many_records_gives_every_update(streams: Path, local_store: Store, entry: str) -> None:
    data = (streams / "multiple_records").read_bytes()
    told = [json.loads(each) for each in data.splitlines() if each.strip()]
    there = collector(local_store)

    if entry == "firehose":
        found = counts(there.collect(firehose(data)))
    else:
        found = counts(there.ingest("multiple_records", data, NOW).counts())

    assert len(told) == 127
    assert found == only(stored=4 * 127)
    expected = {
        (
            f"{one['namespace']}/{one['metric_name']}",
            json.dumps(one["dimensions"], sort_keys=True),
            one["timestamp"],
        )
        for one in told
    }
    stored = {
        (row["name"], json.dumps(row["attributes"], sort_keys=True), int(row["time"].timestamp() * 1000))
        for row in rows(local_store)
    }
    assert stored == expected
    assert sum(row["value"] for row in rows(local_store)) == pytest.approx(
        sum(sum(one["value"].values()) for one in told)
    )


def test_the_sample_of_invalid_records_is_quarantined_line_by_line(streams: Path) -> None:
    store = open_store("memory://")

    result = collector(store).collect(firehose((streams / "invalid_records").read_bytes()))

    assert counts(result) == only(quarantined=4)
    assert [record["result"] for record in result["records"]] == ["ProcessingFailed"]


def test_streams_delivered_twice_in_any_order_are_the_same_rows(tmp_path: Path) -> None:
    lines = [line(timestamp=MS + 60_000 * number) for number in range(3)]
    found = []
    for number, order in enumerate(itertools.permutations([lines[:2], lines[1:]])):
        store = open_store(str(tmp_path / str(number)))
        tables.ensure(store)
        for delivered in (*order, *order):
            counts(collector(store).collect(firehose(payload(*delivered))))
        found.append([{**row, "observed_time": None} for row in rows(store, "time, statistic")])

    assert len(found[0]) == 15
    assert all(each == found[0] for each in found)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
LINES = st.fixed_dictionaries(
    {"metric_stream_name": JSON, "namespace": JSON, "metric_name": JSON},
    optional={
        "account_id": JSON,
        "region": JSON | st.just("eu-west-1"),
        "dimensions": JSON | st.dictionaries(st.text(), st.text(), max_size=3),
        "timestamp": JSON | st.just(MS),
        "value": JSON
        | st.dictionaries(
            st.sampled_from(["min", "max", "sum", "count", "p99"]), st.floats() | st.integers()
        ),
        "unit": JSON,
    },
)
MOST = st.dictionaries(st.sampled_from([*line()]), JSON, max_size=2).map(lambda keys: line(**keys))


@settings(deadline=None, max_examples=60)
@given(st.lists(LINES | MOST | JSON, max_size=5))
def test_whatever_a_stream_carries_the_counts_add_up(lines: list[Any]) -> None:
    delivered = b"\n".join(json.dumps(each).encode() for each in lines)
    for entry in (firehose, kinesis, lambda data: sqs(data.decode())):
        store = open_store("memory://")
        found = counts(collector(store).collect(entry(delivered)))
        assert found["quarantined"] == len(quarantined(store))
        assert found["received"] >= 1


@given(JSON)
def test_any_other_document_is_left_to_others(value: Any) -> None:
    assert stream.read(value, b"") is None
