"""What AWS documents of a source's state becomes facts, and their changes say what happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from collector_payloads import collector
from events_payloads import ACCOUNT, Json, rows

from collector.pulled import Pulled
from collector.state import aurora, elasticache, health_check, routing
from collector.state.poll import Watched, poll
from store.objects import Store

EU, US = "eu-west-1", "us-east-1"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Aws:
    """Clients of one service that answer, call by call, what its documentation says they may."""

    def __init__(self, service: str) -> None:
        self.service = boto3.client(
            service,
            EU,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            endpoint_url="http://127.0.0.1:1",
        )
        self.stub = Stubber(self.service)
        self.stub.activate()
        self.minute = 0

    def client(self, service: str) -> Any:
        return self.service

    def poll(self, store: Store, watched: Watched) -> Pulled:
        self.minute += 1
        there = collector(store, now=lambda: NOW + timedelta(minutes=self.minute))
        return poll(there, self.client, watched)


def facts(row: Json, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


WHAT = ("kind", "state", "region", "from_region", "to_region")


def arn(region: str) -> str:
    return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:shop-{region}"


def cluster(writer: str = EU, sync: str = "connected", **keys: Any) -> Json:
    members = [
        {
            "DBClusterArn": arn(region),
            "Readers": [],
            "IsWriter": region == writer,
            "SynchronizationStatus": "connected" if region == writer else sync,
        }
        for region in (EU, US)
    ]
    return {
        "GlobalClusterIdentifier": "shop",
        "GlobalClusterArn": f"arn:aws:rds::{ACCOUNT}:global-cluster:shop",
        "Engine": "aurora-postgresql",
        "Status": "available",
        "GlobalClusterMembers": members,
    } | keys


def moving(status: str, loss: bool) -> Json:
    state = {
        "Status": status,
        "FromDbClusterArn": arn(EU),
        "ToDbClusterArn": arn(US),
        "IsDataLossAllowed": loss,
    }
    return {"FailoverState": state}


@pytest.mark.parametrize(
    ("loss", "kind", "status"), [(True, "failover", "failing-over"), (False, "switchover", "switching-over")]
)
def test_an_aurora_move_is_told_from_request_to_promotion(
    memory: Store, loss: bool, kind: str, status: str
) -> None:
    aws = Aws("rds")
    story = [
        cluster(),
        cluster(**moving("pending", loss)),
        cluster(**moving(status, loss)),
        cluster(writer=US, sync="pending-resync", **moving(status, loss)),
        cluster(writer=US, sync="pending-resync"),
        cluster(writer=US),
    ]
    for each in story:
        aws.stub.add_response("describe_global_clusters", {"GlobalClusters": [each]})
        aws.poll(memory, Watched(aurora=True))

    assert [facts(row, *WHAT) for row in rows(memory)] == [
        ("topology", "seen", EU, None, None),
        (kind, "pending", EU, EU, US),
        (kind, status, EU, EU, US),
        (kind, "completed", US, EU, US),
        (kind, "ended", US, EU, US),
        ("topology", "connected", US, None, None),
    ]


def test_a_listing_is_read_page_by_page(memory: Store) -> None:
    aws = Aws("rds")
    pages = [
        {"GlobalClusters": [cluster()], "Marker": "more"},
        {"GlobalClusters": [cluster(GlobalClusterIdentifier="other")]},
    ]
    aws.stub.add_response("describe_global_clusters", pages[0], {})
    aws.stub.add_response("describe_global_clusters", pages[1], {"Marker": "more"})
    aws.poll(memory, Watched(aurora=True))

    assert sorted(row["subject"] for row in rows(memory)) == ["other", "shop"]


def test_what_is_on_a_page_that_did_not_come_is_not_gone(memory: Store) -> None:
    aws = Aws("rds")
    aws.stub.add_response("describe_global_clusters", {"GlobalClusters": [cluster()]})
    aws.poll(memory, Watched(aurora=True))
    other = {"GlobalClusters": [cluster(GlobalClusterIdentifier="other")], "Marker": "more"}
    aws.stub.add_response("describe_global_clusters", other)
    aws.stub.add_client_error("describe_global_clusters", "InternalFailure", http_status_code=500)
    polled = aws.poll(memory, Watched(aurora=True))

    assert polled.problems == ["DescribeGlobalClusters: InternalFailure"]
    assert [facts(row, "subject", "state") for row in rows(memory)] == [("shop", "seen"), ("other", "seen")]


def datastore(*roles: str, status: str = "available", **keys: Any) -> Json:
    members = [
        {
            "ReplicationGroupId": f"sessions-{region}",
            "ReplicationGroupRegion": region,
            "Role": role,
            "Status": "associated",
        }
        for region, role in zip((EU, US), roles, strict=True)
    ]
    return {
        "GlobalReplicationGroupId": "ldgnf-sessions",
        "ARN": f"arn:aws:elasticache::{ACCOUNT}:globalreplicationgroup:ldgnf-sessions",
        "Status": status,
        "Members": members,
    } | keys


def test_a_promotion_in_elasticache_is_told_once_the_roles_have_converged(memory: Store) -> None:
    aws = Aws("elasticache")
    story = [
        datastore("PRIMARY", "SECONDARY"),
        datastore("PRIMARY", "PRIMARY", status="modifying"),
        datastore("SECONDARY", "PRIMARY"),
        datastore("SECONDARY", "PRIMARY"),
    ]
    for each in story:
        answer = {"GlobalReplicationGroups": [each]}
        aws.stub.add_response("describe_global_replication_groups", answer, {"ShowMemberInfo": True})
        aws.poll(memory, Watched(elasticache=True))

    seen, between, moved = rows(memory)
    assert facts(seen, *WHAT) == ("topology", "seen", EU, None, None)
    assert facts(between, "kind", "state") == ("topology", "modifying")
    assert facts(moved, *WHAT) == ("failover", "completed", US, EU, US)
    assert moved["account_id"] == ACCOUNT


CHECK = "abcdef11-2222-3333-4444-555555fedcba"


def checked(aws: Aws, *statuses: str | None, **config: Any) -> None:
    """What Route 53 says of the check and, unless that is None, what its checkers do."""
    told = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.execute-api.eu-west-1.amazonaws.com"} | config
    check = {
        "Id": CHECK,
        "CallerReference": "c",
        "HealthCheckConfig": told,
        "HealthCheckVersion": 1,
    }
    aws.stub.add_response("get_health_check", {"HealthCheck": check}, {"HealthCheckId": CHECK})
    if statuses == (None,):
        return
    seen = [
        {"Region": US, "IPAddress": "192.0.2.1", "StatusReport": {"Status": status, "CheckedTime": NOW}}
        for status in statuses
    ]
    aws.stub.add_response(
        "get_health_check_status", {"HealthCheckObservations": seen}, {"HealthCheckId": CHECK}
    )


OK, BAD = "Success: HTTP Status Code 200, OK", "Failure: Connection timed out."


def test_a_health_check_that_fails_and_recovers_is_told(memory: Store) -> None:
    aws, watched = Aws("route53"), Watched(health_checks=(CHECK,))
    for statuses in ((OK,) * 10, (OK,) * 10, (BAD,) * 9 + (OK,), (OK,) * 5 + (BAD,) * 5):
        checked(aws, *statuses)
        aws.poll(memory, watched)

    assert [facts(row, "kind", "state", "region") for row in rows(memory)] == [
        ("health_check", "healthy", EU),
        ("health_check", "unhealthy", EU),
        ("health_check", "healthy", EU),
    ]


@pytest.mark.parametrize(
    ("successes", "state"), [(0, "unhealthy"), (18, "unhealthy"), (19, "healthy"), (100, "healthy")]
)
def test_a_check_is_healthy_while_more_than_18_percent_of_checkers_say_so(
    memory: Store, successes: int, state: str
) -> None:
    aws = Aws("route53")
    checked(aws, *[OK] * successes, *[BAD] * (100 - successes))
    aws.poll(memory, Watched(health_checks=(CHECK,)))

    assert [row["state"] for row in rows(memory)] == [state]


def test_a_check_that_nobody_has_reported_on_is_unknown(memory: Store) -> None:
    aws = Aws("route53")
    checked(aws)
    polled = aws.poll(memory, Watched(health_checks=(CHECK,)))

    assert (rows(memory), polled.problems) == ([], [f"{CHECK}: no checker has reported yet"])


@pytest.mark.parametrize(
    ("config", "statuses", "state"),
    [
        ({"Inverted": True}, (OK,), "unhealthy"),
        ({"Disabled": True}, (None,), "healthy"),
        ({"Type": "CALCULATED"}, (None,), "not_checked"),
    ],
)
def test_a_check_is_read_as_it_is_configured(
    memory: Store, config: Json, statuses: tuple[str | None], state: str
) -> None:
    aws = Aws("route53")
    checked(aws, *statuses, **config)
    aws.poll(memory, Watched(health_checks=(CHECK,)))

    assert [row["state"] for row in rows(memory)] == [state]


def test_a_deleted_health_check_is_gone_and_one_that_is_refused_is_not(memory: Store) -> None:
    aws, watched = Aws("route53"), Watched(health_checks=(CHECK,))
    checked(aws, OK)
    aws.poll(memory, watched)
    aws.stub.add_client_error("get_health_check", "Throttling")
    assert aws.poll(memory, watched).problems == [f"{CHECK}: Throttling"]
    aws.stub.add_client_error("get_health_check", "NoSuchHealthCheck")
    aws.poll(memory, watched)

    assert [facts(row, "kind", "state") for row in rows(memory)] == [
        ("health_check", "healthy"),
        ("health_check", "gone"),
    ]


def record(**keys: Any) -> Json:
    return {"Name": "api.shop.example.", "Type": "A", "SetIdentifier": "x"} | keys


def alias(region: str, evaluate: bool = True) -> Json:
    name = f"dualstack.lb-1.{region}.elb.amazonaws.com."
    return {"HostedZoneId": "Z1", "DNSName": name, "EvaluateTargetHealth": evaluate}


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        (record(Weight=10), record(Weight=0), ("0", "global", None, None)),
        (
            record(Weight=10, AliasTarget=alias(EU)),
            record(Weight=0, AliasTarget=alias(EU)),
            ("0", EU, EU, None),
        ),
        (
            record(Failover="SECONDARY", AliasTarget=alias(US)),
            record(Failover="PRIMARY", AliasTarget=alias(US)),
            ("PRIMARY", US, None, US),
        ),
        (
            record(Weight=1, AliasTarget=alias(EU)),
            record(Weight=1, AliasTarget=alias(US)),
            ("weighted", US, EU, US),
        ),
        (
            record(Region=EU, AliasTarget=alias(EU)),
            record(Region=EU, AliasTarget=alias(EU, evaluate=False)),
            ("false", EU, None, None),
        ),
        (
            record(Weight=1, HealthCheckId=CHECK),
            record(Weight=1),
            ("gone", "global", None, None),
        ),
    ],
)
def test_a_changed_record_says_which_way_traffic_goes(
    memory: Store, before: Json, after: Json, way: tuple[str | None, ...]
) -> None:
    aws = Aws("route53")
    for each in (before, after):
        answer = {"ResourceRecordSets": [each], "IsTruncated": False, "MaxItems": "300"}
        aws.stub.add_response("list_resource_record_sets", answer, {"HostedZoneId": "Z9"})
        aws.poll(memory, Watched(hosted_zones=("Z9",)))

    seen, changed = rows(memory)
    assert (seen["state"], seen["subject"]) == ("seen", "Z9 api.shop.example A x")
    assert facts(changed, "kind", *WHAT[1:]) == ("routing", *way)


def test_a_record_without_a_choice_is_no_subject(memory: Store) -> None:
    aws = Aws("route53")
    plain = {"Name": "shop.example.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    answer = {"ResourceRecordSets": [plain], "IsTruncated": False, "MaxItems": "300"}
    aws.stub.add_response("list_resource_record_sets", answer, {"HostedZoneId": "Z9"})
    aws.poll(memory, Watched(hosted_zones=("Z9",)))

    assert rows(memory) == []


DESCRIBE: dict[str, Callable[..., Any]] = {
    "aurora": aurora.describe,
    "elasticache": elasticache.describe,
    "routing": routing.describe,
    "health_check": health_check.describe,
}


@pytest.mark.parametrize("source", DESCRIBE)
def test_every_source_says_of_what_is_gone_that_it_is(source: str) -> None:
    change = DESCRIBE[source]("shop", {"region": EU, "writer_region": EU, "primary_region": EU}, None)

    assert (change.state, change.region) == ("gone", EU)
