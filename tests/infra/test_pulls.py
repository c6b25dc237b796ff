"""Everything that collectors fetch, from emulated AWS in three regions with real boto3, found once."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import emulators
import pytest
from botocore.exceptions import EndpointConnectionError

from infra import local, pulls
from infra.hub import prepare
from queries import connect
from regionscope.config import Config, parse
from store.commit import sweep

REGIONS = emulators.REGIONS
MINUTE = time.time_ns() // 60_000_000_000


@pytest.fixture
def name() -> str:
    """What this test's things are called in the emulators, which all tests share."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def config(tmp_path: Path, name: str) -> Config:
    metric = {
        "namespace": f"Test/{name}",
        "name": "Lag",
        "statistics": ["maximum"],
        "unit": "ms",
        "layer": "session",
        "resource": ["TableName"],
        "meaning": "m",
        "source": "s",
    }
    return parse(
        {
            "store": str(tmp_path / "store"),
            "regions": {region: {} for region in REGIONS},
            "metrics": {"exclude": ["AWS/.*", "regionscope/.*", "Azure/.*"], "extra": [metric]},
            "state": {"tables": [name]},
        }
    )


@pytest.fixture
def clients(moto: str, ministack: str) -> pulls.Clients:
    """X-Ray, EventBridge and SQS from one emulator, what replicates from the other."""

    def client(service: str, region: str) -> Any:
        endpoint = moto if service in ("xray", "events", "sqs") else ministack
        return emulators.client(endpoint, region, service)

    return client


def put_trace(clients: pulls.Clients, region: str) -> str:
    """One segment with a subsegment, of now."""
    began = time.time() - 60
    trace = f"1-{int(began):08x}-{uuid.uuid4().hex[:24]}"
    segment = {
        "trace_id": trace,
        "id": uuid.uuid4().hex[:16],
        "name": "orders",
        "start_time": began,
        "end_time": began + 0.2,
        "subsegments": [
            {
                "id": uuid.uuid4().hex[:16],
                "name": "DynamoDB",
                "namespace": "aws",
                "start_time": began,
                "end_time": began + 0.1,
            }
        ],
    }
    answer = clients("xray", region).put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])
    assert not answer["UnprocessedTraceSegments"]
    return trace[2:].replace("-", "")


def put_metric(clients: pulls.Clients, region: str, name: str, value: float) -> None:
    at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
    point = {
        "MetricName": "Lag",
        "Dimensions": [{"Name": "TableName", "Value": "carts"}],
        "Timestamp": at,
        "Value": value,
    }
    clients("cloudwatch", region).put_metric_data(Namespace=f"Test/{name}", MetricData=[point])


def put_table(clients: pulls.Clients, name: str) -> None:
    """A global table of all regions."""
    dynamodb = clients("dynamodb", REGIONS[0])
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for region in REGIONS[1:]:
        dynamodb.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": region}}])


def delivered(clients: pulls.Clients, region: str, name: str) -> Iterator[dict[str, Any]]:
    """A deployment's event, as a rule of EventBridge puts it into a queue that a collector reads."""
    sqs, events = clients("sqs", region), clients("events", region)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.codedeploy"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    detail = {"state": "SUCCESS", "deploymentId": f"d-{name}", "application": name, "region": region}
    entry = {
        "Source": "aws.codedeploy",
        "DetailType": "CodeDeploy Deployment State-change Notification",
        "Detail": json.dumps(detail),
    }
    assert not events.put_events(Entries=[entry])["FailedEntryCount"]
    for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", ()):
        record = {"messageId": message["MessageId"], "body": message["Body"], "eventSource": "aws:sqs"}
        yield {"Records": [{**record, "awsRegion": region, "attributes": {}}]}


def rows(config: Config, query: str) -> list[Any]:
    with connect(config.store) as session:
        return session.sql(query).fetchall()


def test_all_that_three_regions_tell_is_in_the_store_once(
    config: Config, clients: pulls.Clients, name: str
) -> None:
    traces = {put_trace(clients, region): region for region in REGIONS}
    for value, region in enumerate(REGIONS):
        put_metric(clients, region, name, value)
    put_table(clients, name)
    store = prepare(config)

    first = local.pull(config, REGIONS, clients, MINUTE)
    for region in REGIONS:
        events = [*delivered(clients, region, name)]
        assert events
        for event in [*events, *events]:
            answer = local.collector(config, store, region).collect(event)
            assert answer["batchItemFailures"] == []
    again = local.pull(config, REGIONS, clients, MINUTE + 1)

    assert [problem for each in (*first.values(), *again.values()) for problem in each.problems] == []
    found = rows(config, "select trace_id, region, count(*) from spans group by all")
    assert {(trace, region, count) for trace, region, count in found if trace in traces} == {
        (trace, region, 2) for trace, region in traces.items()
    }
    lags = rows(config, f"select region, value, resource from metrics where name = 'Test/{name}/Lag'")
    assert sorted(lags) == sorted(zip(REGIONS, (0.0, 1.0, 2.0), ["carts"] * 3, strict=True))
    deployments = rows(
        config, f"select region, state from events where subject = '{name}' and kind = 'deployment'"
    )
    assert sorted(deployments) == sorted((region, "SUCCESS") for region in REGIONS)
    seen = rows(config, f"select region, state from events where subject = '{name}' and kind = 'topology'")
    assert {region for region, _ in seen} == set(REGIONS)


def test_a_region_that_does_not_answer_is_told_and_leaves_the_others_alone(
    config: Config, clients: pulls.Clients, name: str
) -> None:
    put_metric(clients, "us-east-1", name, 7)

    def broken(service: str, region: str) -> Any:
        if region == "eu-west-1":
            return _Unreachable()
        return clients(service, region)

    pulled = local.pull(config, REGIONS, broken, MINUTE)

    assert len(pulled["eu-west-1"].problems) >= 3
    assert pulled["us-east-1"].problems == []
    assert rows(config, f"select region, value from metrics where name = 'Test/{name}/Lag'") == [
        ("us-east-1", 7.0)
    ]
    put_metric(clients, "eu-west-1", name, 8)
    local.pull(config, REGIONS, clients, MINUTE + 1)
    assert rows(config, "select count(distinct region) from metrics") == [(2,)]


class _Unreachable:
    """A client of a region that does not answer."""

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> Any:
            raise EndpointConnectionError(endpoint_url="https://eu-west-1")

        return fail


def test_only_what_is_asked_for_is_fetched(config: Config, clients: pulls.Clients) -> None:
    collector = local.collector(config, prepare(config), "eu-west-1")

    pulled = pulls.pull(config, collector, clients, MINUTE, "traces")

    assert set(pulled.accounts) == {"traces"}


def test_metrics_are_fetched_only_in_their_minutes(config: Config, clients: pulls.Clients) -> None:
    rare = config.model_copy(update={"metrics": config.metrics.model_copy(update={"interval_minutes": 5})})
    collector = local.collector(rare, prepare(rare), "eu-west-1")

    assert set(pulls.pull(rare, collector, clients, 11, "metrics").accounts) == set()
    assert set(pulls.pull(rare, collector, clients, 10, "metrics").accounts) == {"metrics"}


def test_what_comes_meanwhile_is_committed_and_the_rest_at_the_end(tmp_path: Path) -> None:
    config = parse({"store": str(tmp_path / "store")})
    store = prepare(config)
    collector = local.collector(config, store, "eu-west-1")
    with local.committing(store, 0.05):
        collector.ingest("a.log", b"first\n", datetime.now(UTC))
        deadline = time.monotonic() + 30
        while rows(config, "select count(*) from logs") != [(1,)]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        collector.ingest("b.log", b"last\n", datetime.now(UTC))
    assert rows(config, "select count(*) from logs") == [(2,)]
    assert not sweep(store).committed
