"""Each family of pushed events gives rows that say what changed, where, and between which regions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from collector_payloads import NOW, collector, counts, notification, only, quarantined, sns, sqs
from events_payloads import (
    ACCOUNT,
    Json,
    alarm_action,
    alarm_event,
    alarm_message,
    api_call,
    cache_notification,
    event,
    experiment,
    health,
    rds,
    region_switch,
    replication,
    rows,
)

from collector.events.document import FAMILIES
from collector.events.rds_messages import MEANINGS
from store.objects import Store, open_store


def told(store: Store, delivered: Any) -> Json:
    """The one row that an event gives."""
    assert counts(collector(store).collect(delivered)) == only(stored=1)
    (row,) = rows(store)
    assert row["title"].endswith(".")
    assert row["event_id"]
    return row


def facts(row: Json, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


WHO = ("kind", "subject", "state", "region", "account_id")
WAY = ("from_region", "to_region")


def test_an_alarm_says_its_name_its_state_and_the_one_before(memory: Store) -> None:
    row = told(memory, alarm_event())

    assert facts(row, *WHO) == ("alarm", "lag", "ALARM", "eu-west-1", ACCOUNT)
    assert row["time"] == datetime(2026, 3, 1, 12, 0, 0, 989000, UTC)
    assert row["title"] == "Alarm lag went from OK to ALARM."
    assert row["attributes"]["state.reason"] == "Threshold Crossed"
    assert row["attributes"]["aws.event.source"] == "aws.cloudwatch"


def test_an_alarm_is_the_same_row_by_all_of_its_ways() -> None:
    message = json.dumps(alarm_message())
    ways = [alarm_event(), alarm_action(), sns(message), sqs(json.dumps(notification(message)))]

    found = []
    for way in ways:
        store = open_store("memory://")
        collector(store).collect(way)
        found += [{key: row[key] for key in (*WHO, "time", "title", "event_id")} for row in rows(store)]

    assert len(found) == len(ways)
    assert found == [found[0]] * len(ways)


@pytest.mark.parametrize("id", MEANINGS)
def test_every_listed_event_of_aurora_has_its_meaning(memory: Store, id: str) -> None:
    row = told(memory, rds(id, "Global something to DB cluster shop-us in Region us-east-1 happened."))

    meaning = MEANINGS[id]
    assert facts(row, *WHO) == (meaning.kind, "shop-eu", meaning.state, "eu-west-1", ACCOUNT)
    assert row["from_region"] == ("us-east-1" if meaning.region == "from" else None)
    assert row["to_region"] == ("us-east-1" if meaning.region == "to" else None)
    assert row["title"] == f"Cluster shop-eu: {meaning.sentence}."
    assert row["time"] == datetime(2026, 3, 1, 12, 0, 0, 123000, UTC)


def test_fencing_that_timed_out_is_told_by_an_instance(memory: Store) -> None:
    row = told(memory, rds("RDS-EVENT-0391", name="shop-eu-1", SourceType="DB_INSTANCE"))

    assert facts(row, "kind", "subject", "state") == ("failover", "shop-eu-1", "fencing_timed_out")
    assert row["title"].startswith("Instance shop-eu-1: ")


def test_an_event_of_rds_that_no_table_has_is_what_its_category_says(memory: Store) -> None:
    row = told(memory, rds("RDS-EVENT-9999", "Something new happened.", EventCategories=["failover"]))

    assert facts(row, "kind", "state") == ("failover", "failover")
    assert row["title"] == "Cluster shop-eu: Something new happened."


def test_a_backup_that_was_made_says_nothing_about_health(memory: Store) -> None:
    result = collector(memory).collect(rds("RDS-EVENT-0001", "Backing up", EventCategories=["backup"]))

    assert counts(result) == only(control=1)
    assert rows(memory) == []


def test_a_health_event_is_about_the_region_it_names_not_the_one_it_came_through(memory: Store) -> None:
    row = told(memory, health(delivered="us-west-2", backupEvent="true"))

    assert facts(row, *WHO) == ("aws_health", "LAMBDA", "open", "eu-west-1", ACCOUNT)
    assert row["time"] == datetime(2026, 3, 1, 11, 58, tzinfo=UTC)


def test_the_backup_copy_of_a_health_event_is_no_row_of_its_own(memory: Store) -> None:
    collector(memory).collect(health())
    collector(memory, region="us-west-2").collect(health(delivered="us-west-2", backupEvent="true"))

    assert len({(row["region"], row["time"], row["event_id"]) for row in rows(memory)}) == 1


@pytest.mark.parametrize(
    "other", [{"communication": "c-2"}, {"page": "2"}, {"affectedAccount": "210987654321"}]
)
def test_another_communication_page_or_account_is_a_row_of_its_own(memory: Store, other: Json) -> None:
    collector(memory).collect(health())
    collector(memory).collect(health(**other))

    assert len({row["event_id"] for row in rows(memory)}) == 2


def test_a_region_switch_says_where_traffic_goes_to(memory: Store) -> None:
    row = told(memory, region_switch())

    assert facts(row, "kind", "state", *WAY) == ("switchover", "ExecutionStarted", None, "us-east-1")
    assert "shop" in row["subject"]


def test_a_region_switch_that_deactivates_a_region_says_where_traffic_comes_from(memory: Store) -> None:
    row = told(memory, region_switch(executionAction="deactivating eu-west-1"))

    assert facts(row, *WAY) == ("eu-west-1", None)


def test_a_region_switch_that_is_logged_twice_is_one_row(memory: Store) -> None:
    collector(memory).collect(region_switch())
    collector(memory).collect(region_switch() | {"id": "another"})

    assert len({row["event_id"] for row in rows(memory)}) == 1


def test_an_experiment_is_a_drill(memory: Store) -> None:
    assert facts(told(memory, experiment("running")), *WHO) == (
        "drill",
        "EXP1",
        "running",
        "eu-west-1",
        ACCOUNT,
    )


def test_a_deployment_of_codedeploy_says_what_of_which_application(memory: Store) -> None:
    detail = {
        "region": "eu-west-1",
        "deploymentId": "d-123",
        "state": "SUCCESS",
        "application": "orders",
        "deploymentGroup": "live",
    }
    row = told(memory, event("aws.codedeploy", "CodeDeploy Deployment State-change Notification", detail))

    assert facts(row, "kind", "subject", "state") == ("deployment", "orders", "SUCCESS")
    assert row["title"] == "Deployment d-123 of orders to live: SUCCESS."


def test_new_code_of_a_function_is_a_deployment_whose_title_names_nobody(memory: Store) -> None:
    call = api_call("lambda", "UpdateFunctionCode20150331v2", {"functionName": "orders"})
    row = told(memory, call)

    assert facts(row, "kind", "subject", "state") == ("deployment", "orders", "requested")
    assert row["title"] == "UpdateFunctionCode of orders was requested."
    assert row["time"] == datetime(2026, 3, 1, 11, 59, 58, tzinfo=UTC)


def test_a_call_that_fails_over_says_where_to_and_whether_aws_refused(memory: Store) -> None:
    target = f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:shop-us"
    parameters = {"globalClusterIdentifier": "shop", "targetDbClusterIdentifier": target}
    row = told(
        memory,
        api_call("rds", "FailoverGlobalCluster", parameters, errorCode="InvalidGlobalClusterStateFault"),
    )

    assert facts(row, "kind", "subject", "state", *WAY) == ("failover", "shop", "refused", None, "us-east-1")


def test_a_service_of_ecs_that_cannot_place_tasks_is_told(memory: Store) -> None:
    service = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/shop/orders"
    detail = {"eventType": "ERROR", "eventName": "SERVICE_TASK_PLACEMENT_FAILURE", "clusterArn": "x"}
    row = told(memory, event("aws.ecs", "ECS Service Action", detail, resources=[service]))

    assert facts(row, "kind", "subject", "state") == ("compute", "orders", "SERVICE_TASK_PLACEMENT_FAILURE")


def test_a_deployment_of_ecs_is_a_deployment(memory: Store) -> None:
    service = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/shop/orders"
    detail = {
        "eventName": "SERVICE_DEPLOYMENT_FAILED",
        "deploymentId": "ecs-svc/1",
        "reason": "circuit breaker",
    }
    row = told(memory, event("aws.ecs", "ECS Deployment State Change", detail, resources=[service]))

    assert facts(row, "kind", "subject", "state") == ("deployment", "orders", "SERVICE_DEPLOYMENT_FAILED")


def task(**keys: Any) -> Json:
    detail = {
        "taskArn": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task/shop/0a1b",
        "group": "service:orders",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"exitCode": 137}],
    }
    return event("aws.ecs", "ECS Task State Change", detail | keys)


def test_a_task_that_broke_is_told(memory: Store) -> None:
    row = told(memory, task())

    assert facts(row, "kind", "subject", "state") == ("compute", "service:orders", "EssentialContainerExited")


@pytest.mark.parametrize(
    "keys",
    [
        {"lastStatus": "RUNNING", "stopCode": None},
        {"stopCode": "ServiceSchedulerInitiated"},
        {"containers": [{"exitCode": 0}]},
    ],
)
def test_a_task_that_did_what_it_should_is_not(memory: Store, keys: Json) -> None:
    assert counts(collector(memory).collect(task(**keys))) == only(control=1)


def test_a_spot_instance_that_goes_is_told_before(memory: Store) -> None:
    detail = {"instance-id": "i-1", "instance-action": "terminate"}
    row = told(memory, event("aws.ec2", "EC2 Spot Instance Interruption Warning", detail))

    assert facts(row, "kind", "subject", "state") == ("compute", "i-1", "terminate")


def test_a_cache_near_its_limits_is_told(memory: Store) -> None:
    cache = f"arn:aws:elasticache:eu-west-1:{ACCOUNT}:serverlesscache:sessions"
    row = told(memory, event("aws.elasticache", "Cache Limit Approaching", {}, resources=[cache]))

    assert facts(row, "kind", "subject", "state") == ("alarm", "sessions", "Cache Limit Approaching")


def test_elasticache_tells_sns_alone_of_a_failover(memory: Store) -> None:
    delivered = {"Records": [{"EventSource": "aws:sns", "Sns": cache_notification("FailoverComplete")}]}
    row = told(memory, delivered)

    assert facts(row, *WHO) == ("failover", "sessions-001", "FailoverComplete", "eu-west-1", ACCOUNT)
    assert row["time"] == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_elasticache_s_message_is_the_same_row_through_a_queue(memory: Store) -> None:
    collector(memory).collect(sns(cache_notification("FailoverComplete")["Message"]))
    direct = {"Records": [{"EventSource": "aws:sns", "Sns": cache_notification("FailoverComplete")}]}
    collector(memory).collect(direct)
    collector(memory).collect(sqs(json.dumps(cache_notification("FailoverComplete"))))

    ids = [row["event_id"] for row in rows(memory) if row["subject"] == "sessions-001"]
    assert len({*ids}) == 2  # the first notification is another one, with an id of its own


@pytest.mark.parametrize(
    "name",
    [
        "OperationFailedReplication",
        "OperationMissedThreshold",
        "OperationReplicatedAfterThreshold",
        "OperationNotTracked",
    ],
)
@pytest.mark.parametrize("way", ["direct", "sns", "sqs", "sns in sqs"])
def test_a_replication_that_went_wrong_is_told_however_it_comes(memory: Store, name: str, way: str) -> None:
    records = {"Records": [replication(name)]}
    text = json.dumps(records)
    ways = {
        "direct": records,
        "sns": sns(text),
        "sqs": sqs(text),
        "sns in sqs": sqs(json.dumps(notification(text))),
    }
    row = told(memory, ways[way])

    assert facts(row, "kind", "subject", "state", "region") == (
        "replication_failure",
        "files-eu",
        name,
        "eu-west-1",
    )
    assert "files-us" in row["title"]
    assert "jane.doe" not in row["title"]
    assert row["attributes"]["aws.s3.key"] == "users/jane.doe.pdf"


def test_replications_and_new_objects_in_one_notification_are_read_each_as_what_it_is(memory: Store) -> None:
    created = replication() | {"eventName": "ObjectCreated:Put"}
    removed = replication() | {"eventName": "ObjectRemoved:Delete"}
    records = [replication(), created, replication(key="b"), removed]

    result = collector(memory, fetch=lambda _: b"INFO hello\n").collect({"Records": records})

    assert counts(result) == only(stored=3, control=1)
    assert len(rows(memory)) == 2


def test_a_clock_is_a_control(memory: Store) -> None:
    delivered = event("aws.events", "Scheduled Event", {}, time="1970-01-01T00:00:00Z")

    assert counts(collector(memory).collect(delivered)) == only(control=1)


def test_an_event_of_an_unknown_source_is_quarantined_by_name_and_whole(memory: Store) -> None:
    delivered = event("aws.newest", "Something Changed", {"a": 1}, region="us-east-1")

    assert counts(collector(memory).collect(delivered)) == only(quarantined=1)
    (rejected,) = quarantined(memory)
    assert json.loads(rejected.payload) == delivered
    assert rejected.reason == "an event 'Something Changed' of 'aws.newest': none that we know"


@pytest.mark.parametrize(
    ("delivered", "reason"),
    [
        (alarm_event() | {"time": "yesterday"}, "time is 'yesterday': must be a time"),
        (alarm_event() | {"region": "../eu"}, "region '../eu': must be lower-case"),
        (alarm_event() | {"region": "eu" * 500}, "must be a region's name"),
        (alarm_event() | {"detail": []}, "detail is missing: must be an object"),
        (event("aws.fis", "FIS Experiment State Change", {}), "experiment-id is missing: must be text"),
        (alarm_action() | {"alarmData": {}}, "alarmName is missing: must be text"),
        (alarm_message() | {"StateChangeTime": 1}, "StateChangeTime is '1': must be a time"),
        (api_call("iam", "CreateUser", {}), "detail.eventName is 'CreateUser'"),
        ({"Records": [replication() | {"s3": {}}]}, "s3.bucket.name is missing: must be text"),
    ],
)
def test_an_event_that_cannot_be_a_row_is_quarantined_with_the_reason(
    memory: Store, delivered: Json, reason: str
) -> None:
    assert counts(collector(memory).collect(delivered)) == only(quarantined=1)
    (rejected,) = quarantined(memory)
    assert reason in rejected.reason


def test_a_quarantined_event_is_told_once_it_can_be_read(memory: Store, monkeypatch: Any) -> None:
    key = ("aws.fis", "FIS Experiment State Change")
    monkeypatch.delitem(FAMILIES, key)
    collector(memory).collect(experiment("running"))
    (rejected,) = quarantined(memory)
    monkeypatch.undo()

    assert collector(memory).replay(rejected).stored == 1
    assert [row["state"] for row in rows(memory)] == ["running"]


def test_a_file_of_saved_events_is_read_like_events_that_come(memory: Store) -> None:
    saved = "\n".join(json.dumps(each) for each in (alarm_event(), experiment("running"), health()))

    accounting = collector(memory).ingest("events.jsonl", saved.encode(), NOW)

    assert (accounting.stored, len(rows(memory))) == (3, 3)
