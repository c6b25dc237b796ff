"""Events as AWS pushes them, made by hand after its documentation, and the rows they became."""

from __future__ import annotations

import io
from typing import Any

import pyarrow.parquet as pq

from store import tables
from store.layout import data_file
from store.objects import Store
from store.schema import EVENTS, Table

Json = dict[str, Any]

ACCOUNT = "123456789012"
TIME = "2026-03-01T12:00:00Z"


def event(source: str, type: str, detail: Any, **envelope: Any) -> Json:
    """EventBridge's envelope around a detail."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": type,
        "source": source,
        "account": ACCOUNT,
        "time": TIME,
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
    } | envelope


def rds(id: str, message: str = "", name: str = "shop-eu", **keys: Any) -> Json:
    """An event of a cluster or, with SourceType DB_INSTANCE, of an instance."""
    instance = keys.get("SourceType") == "DB_INSTANCE"
    region = keys.pop("region", "eu-west-1")
    detail = {
        "EventCategories": ["global failover"],
        "SourceType": "CLUSTER",
        "SourceArn": f"arn:aws:rds:{region}:{ACCOUNT}:{'db' if instance else 'cluster'}:{name}",
        "Date": "2026-03-01T12:00:00.123Z",
        "Message": message,
        "SourceIdentifier": name,
        "EventID": id,
    } | keys
    kind = "RDS DB Instance Event" if instance else "RDS DB Cluster Event"
    return event("aws.rds", kind, detail, region=region, resources=[detail["SourceArn"]])


def alarm(value: str = "ALARM", before: str = "OK", stamp: str = "2026-03-01T12:00:00.989+0000") -> Json:
    """The data that all three of an alarm's ways share."""
    return {
        "alarmName": "lag",
        "state": {"value": value, "reason": "Threshold Crossed", "timestamp": stamp},
        "previousState": {"value": before},
        "configuration": {"metrics": []},
    }


ALARM = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:lag"


def alarm_event() -> Json:
    return event("aws.cloudwatch", "CloudWatch Alarm State Change", alarm(), resources=[ALARM])


def alarm_action() -> Json:
    return {
        "source": "aws.cloudwatch",
        "alarmArn": ALARM,
        "accountId": ACCOUNT,
        "time": "2026-03-01T12:00:00.989+0000",
        "region": "eu-west-1",
        "alarmData": alarm(),
    }


def alarm_message() -> Json:
    return {
        "AlarmName": "lag",
        "AWSAccountId": ACCOUNT,
        "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed",
        "StateChangeTime": "2026-03-01T12:00:00.989+0000",
        "Region": "EU (Ireland)",
        "AlarmArn": ALARM,
        "OldStateValue": "OK",
        "Trigger": {"MetricName": "ReplicationLatency", "Period": 60, "Threshold": 0.0},
    }


def health(communication: str = "c-1", **keys: Any) -> Json:
    """`delivered` is the region whose bus the event came through, the rest is detail."""
    delivered = keys.pop("delivered", "eu-west-1")
    detail = {
        "eventArn": "arn:aws:health:eu-west-1::event/LAMBDA/AWS_LAMBDA_OPERATIONAL_ISSUE/x",
        "service": "LAMBDA",
        "eventTypeCode": "AWS_LAMBDA_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue",
        "eventScopeCode": "PUBLIC",
        "communicationId": communication,
        "startTime": "Sun, 01 Mar 2026 11:50:00 GMT",
        "lastUpdatedTime": "Sun, 01 Mar 2026 11:58:00 GMT",
        "statusCode": "open",
        "eventRegion": "eu-west-1",
        "backupEvent": "false",
        "affectedAccount": ACCOUNT,
        "page": "1",
        "totalPages": "1",
    } | keys
    return event("aws.health", "AWS Health Event", detail, region=delivered)


def region_switch(key: str = "k-1", **keys: Any) -> Json:
    detail = {
        "eventType": "ExecutionStarted",
        "executionId": "e-1",
        "executionAction": "activating us-east-1",
        "idempotencyKey": key,
        "stepDetails": {"stepName": "flip"},
    }
    plan = f"arn:aws:arc-region-switch::{ACCOUNT}:plan/shop:abc123"
    kind = "ARC Region Switch Plan Execution"
    return event("aws.arc-region-switch", kind, detail | keys, resources=[plan])


def experiment(status: str) -> Json:
    detail = {
        "experiment-id": "EXP1",
        "experiment-template-id": "EXT1",
        "new-state": {"status": status, "reason": "."},
        "old-state": {"status": "pending"},
    }
    return event("aws.fis", "FIS Experiment State Change", detail)


def api_call(service: str, name: str, parameters: Json, **detail: Any) -> Json:
    told = {
        "eventVersion": "1.09",
        "userIdentity": {"type": "IAMUser", "userName": "jane.doe"},
        "eventTime": "2026-03-01T11:59:58Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "requestParameters": parameters,
        "eventID": "0a1b",
    }
    return event(f"aws.{service}", "AWS API Call via CloudTrail", told | detail)


def replication(name: str = "OperationFailedReplication", key: str = "users%2Fjane.doe.pdf") -> Json:
    """One record of an S3 notification."""
    return {
        "eventVersion": "2.2",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-03-01T12:00:00.527Z",
        "eventName": f"s3:Replication:{name}",
        "s3": {
            "bucket": {"name": "files-eu", "arn": "arn:aws:s3:::files-eu"},
            "object": {"key": key, "size": 5, "versionId": "v1", "sequencer": "00"},
        },
        "replicationEventData": {
            "replicationRuleId": "all",
            "destinationBucket": "arn:aws:s3:::files-us",
            "s3Operation": "OBJECT_PUT",
            "requestTime": "2026-03-01T11:59:00.000Z",
            "failureReason": "AssumeRoleNotPermitted",
        },
    }


def cache_notification(*events: str, id: str = "m-1") -> Json:
    message = ",".join(f'"ElastiCache:{name}": "sessions-001"' for name in events)
    return {
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:cache",
        "Message": "{" + message + "}",
        "Timestamp": "2026-03-01T12:00:00.000Z",
    }


def rows(store: Store, table: str = "events") -> list[Json]:
    """All rows in segments of a table, committed or not, with region and day from their paths."""
    found = []
    for item in store.list(table):
        file = data_file(item.path)
        if file is not None:
            place = {"region": file.region, "day": file.day}
            found += [row | place for row in pq.read_table(io.BytesIO(store.get(item.path))).to_pylist()]
    for row in found:
        row["attributes"] = dict(row["attributes"] or ())
    return sorted(found, key=lambda row: (row["time"], str(row.get("event_id") or row.get("name"))))


def committed(store: Store, table: Table = EVENTS) -> list[Json]:
    """The rows of a table, without when they were collected."""
    found = []
    for file in tables.snapshot(store, table).active.values():
        for row in pq.read_table(io.BytesIO(store.get(f"{table.name}/{file.name}"))).to_pylist():
            del row["observed_time"]
            attributes = dict(row["attributes"] or ())
            found.append(row | {"region": file.region, "day": file.day, "attributes": attributes})
    return sorted(found, key=lambda row: (row["time"], row["region"], str(row.get("event_id"))))
