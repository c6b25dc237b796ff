"""Calls of AWS APIs that move traffic or a role, or bring new code, as CloudTrail tells of them."""

from __future__ import annotations

import re
from typing import NamedTuple

from collector import arn
from collector.events.event import Event, Row, moment, region, required, told


class Call(NamedTuple):
    """What a call means; `subject` and `target` are request parameters, the latter of what gets the role."""

    kind: str
    subject: str
    target: str | None = None


CALLS = {
    ("lambda.amazonaws.com", "UpdateFunctionCode"): Call("deployment", "functionName"),
    ("lambda.amazonaws.com", "UpdateFunctionConfiguration"): Call("deployment", "functionName"),
    ("lambda.amazonaws.com", "PublishVersion"): Call("deployment", "functionName"),
    ("lambda.amazonaws.com", "UpdateAlias"): Call("deployment", "functionName"),
    ("ecs.amazonaws.com", "UpdateService"): Call("deployment", "service"),
    ("rds.amazonaws.com", "FailoverGlobalCluster"): Call(
        "failover", "globalClusterIdentifier", "targetDbClusterIdentifier"
    ),
    ("rds.amazonaws.com", "SwitchoverGlobalCluster"): Call(
        "switchover", "globalClusterIdentifier", "targetDbClusterIdentifier"
    ),
    ("rds.amazonaws.com", "FailoverDBCluster"): Call("failover", "dBClusterIdentifier"),
    ("elasticache.amazonaws.com", "FailoverGlobalReplicationGroup"): Call(
        "failover", "globalReplicationGroupId", "primaryRegion"
    ),
    ("dynamodb.amazonaws.com", "UpdateTable"): Call("topology", "tableName"),
    ("route53.amazonaws.com", "ChangeResourceRecordSets"): Call("routing", "hostedZoneId"),
    ("route53.amazonaws.com", "UpdateHealthCheck"): Call("routing", "healthCheckId"),
    ("route53-recovery-cluster.amazonaws.com", "UpdateRoutingControlState"): Call(
        "routing", "routingControlArn"
    ),
}

_VERSION = re.compile(r"\d{8}(v\d)?$")  # Lambda's calls carry one: UpdateFunctionCode20150331v2


def called(event: Event) -> Row:
    """Raises ValueError, also for a call that is none of those above."""
    detail, service = event.detail, required(event.detail, "eventSource")
    name = _VERSION.sub("", required(event.detail, "eventName"))
    call = CALLS.get((service, name))
    if call is None:
        raise ValueError(f"detail.eventName is {name[:80]!r} of {service[:80]!r}: no call that we know")
    subject = arn.name_of(required(detail, "requestParameters", call.subject))
    state = "refused" if told(detail, "errorCode") else "requested"
    target = told(detail, "requestParameters", call.target) if call.target else None
    return event.row(
        call.kind,
        subject,
        state,
        f"{name} of {subject} was {state}.",
        time=moment("detail.eventTime", detail.get("eventTime", event.time)),
        region=region(detail, "awsRegion") or event.region,
        account=told(detail, "recipientAccountId") or event.account,
        identity=("cloudtrail", told(detail, "eventID") or event.id or "", service, name),
        to_region=arn.region_in(target),
    )
