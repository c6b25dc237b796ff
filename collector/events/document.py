"""JSON documents that tell of a change: which family reads which, by source and detail-type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collector.decode import Misfit
from collector.events import (
    alarm,
    api_call,
    compute,
    deployment,
    elasticache,
    health,
    rds,
    recovery,
    replication,
)
from collector.events.event import Event, Row, opened, region
from collector.signals import Signals
from store.schema import EVENTS

FAMILIES: Mapping[tuple[str, str], Callable[[Event], Row | None]] = {
    ("aws.cloudwatch", "CloudWatch Alarm State Change"): alarm.changed,
    ("aws.rds", "RDS DB Cluster Event"): rds.changed,
    ("aws.rds", "RDS DB Instance Event"): rds.changed,
    ("aws.health", "AWS Health Event"): health.told_of,
    ("aws.arc-region-switch", "ARC Region Switch Plan Execution"): recovery.plan,
    ("aws.arc-region-switch", "ARC Region Switch Plan Evaluation"): recovery.plan,
    ("aws.fis", "FIS Experiment State Change"): recovery.experiment,
    ("aws.codedeploy", "CodeDeploy Deployment State-change Notification"): deployment.changed,
    ("aws.codedeploy", "CodeDeploy Instance State-change Notification"): deployment.changed,
    ("aws.ecs", "ECS Service Action"): compute.service,
    ("aws.ecs", "ECS Deployment State Change"): compute.deployment,
    ("aws.ecs", "ECS Task State Change"): compute.task,
    ("aws.ec2", "EC2 Instance State-change Notification"): compute.instance,
    ("aws.ec2", "EC2 Spot Instance Interruption Warning"): compute.instance,
    ("aws.elasticache", "Cache Created"): elasticache.cache,
    ("aws.elasticache", "Cache Creation Failed"): elasticache.cache,
    ("aws.elasticache", "Cache Updated"): elasticache.cache,
    ("aws.elasticache", "Cache Update Failed"): elasticache.cache,
    ("aws.elasticache", "Cache Deleted"): elasticache.cache,
    ("aws.elasticache", "Cache Limit Approaching"): elasticache.cache,
}

_API_CALL = "AWS API Call via CloudTrail"  # of any source

# What says nothing about health: a clock, and copies that are made as planned.
_SILENT = {
    ("aws.events", "Scheduled Event"),
    ("aws.scheduler", "Scheduled Event"),
    ("aws.rds", "RDS DB Snapshot Event"),
    ("aws.rds", "RDS DB Cluster Snapshot Event"),
    ("aws.elasticache", "Snapshot Created"),
}


def read(value: Any, raw: bytes) -> Sequence[Signals] | None:
    """The rows in a document; none if it says nothing about health, None if it is no event.

    An event of a source that nobody here knows is a misfit: a later version may.
    """
    if not isinstance(value, dict):
        return None
    if "detail-type" in value and "source" in value:
        if value["source"] == "aws.s3":
            return None  # objects, which the envelopes read
        return _signals(_event, value, raw)
    if elasticache.is_notification(value):
        return _signals(elasticache.notification, value, raw)
    if replication.is_notification(value):
        return _signals(lambda told: [replication.notification(told)], value, raw)
    if alarm.is_action(value):
        return _signals(lambda told: [alarm.action(told)], value, raw)
    if alarm.is_message(value):
        return _signals(lambda told: [alarm.message(told)], value, raw)
    return None


def _signals(
    rows: Callable[[Mapping[str, Any]], Sequence[Row]], value: Mapping[str, Any], raw: bytes
) -> list[Signals]:
    try:
        found = rows(value)
    except ValueError as error:
        return [Signals.of(EVENTS, [], [Misfit(raw, str(error), _region(value))])]
    return [Signals.of(EVENTS, found)] if found else []


def _event(value: Mapping[str, Any]) -> list[Row]:
    source, type = value["source"], value["detail-type"]
    if not isinstance(source, str) or not isinstance(type, str):
        raise ValueError("source and detail-type must be text")
    if (source, type) in _SILENT:
        return []
    family = api_call.called if type == _API_CALL else FAMILIES.get((source, type))
    if family is None:
        raise ValueError(f"an event {type[:80]!r} of {source[:80]!r}: none that we know")
    found = family(opened(value))
    return [found] if found else []


def _region(value: Mapping[str, Any]) -> str | None:
    try:
        return region(value, "region")
    except ValueError:
        return None
