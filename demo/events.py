"""What EventBridge delivers: deployments, the drill, an alarm about it, a notice of AWS Health."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from demo import functions
from demo.drills import Drill, drill
from demo.regions import ACCOUNT, NAMES
from demo.replication import SESSIONS
from demo.text import iso, json

Event = dict[str, Any]

DEPLOYED = 0.10  # the share of the story after which a new version of orders is deployed,
ROLLING = 0.02  # one region after the other
NOTICED, CLOSED = 0.70, 0.90
EVALUATED = 60.0  # seconds after which the alarm tells


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, and when (true epoch seconds) and in which region it happened."""

    time: float
    region: str
    event: Event


def happenings(start: float, end: float) -> list[Happening]:
    """All events of a story, in the order of time."""
    planned = drill(start, end)
    told = [*_deployments(start, end), *_drill(planned), *_alarm(planned), *_notice(start, end)]
    return sorted(told, key=lambda happening: happening.time)


def _happening(
    time: float, region: str, source: str, kind: str, detail: Event, resources: list[str]
) -> Happening:
    digest = hashlib.md5(f"{time} {region} {kind}".encode(), usedforsecurity=False).hexdigest()
    event = {
        "version": "0",
        "id": f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}",
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": iso(time)[:19] + "Z",
        "region": region,
        "resources": resources,
        "detail": detail,
    }
    return Happening(time, region, event)


def _deployments(start: float, end: float) -> Iterator[Happening]:
    name = functions.ORDERS.name
    for place, region in enumerate(NAMES):
        begun = start + (DEPLOYED + place * ROLLING) * (end - start)
        for state, time in (("START", begun), ("SUCCESS", begun + ROLLING * (end - start) * 0.8)):
            detail = {
                "region": region,
                "deploymentId": f"d-{place}EXAMPLE{int(begun) % 1000:03d}",
                "state": state,
                "application": name,
                "deploymentGroup": f"{name}-live",
            }
            resources = [f"arn:aws:codedeploy:{region}:{ACCOUNT}:application:{name}"]
            kind = "CodeDeploy Deployment State-change Notification"
            yield _happening(time, region, "aws.codedeploy", kind, detail, resources)


def _drill(planned: Drill) -> Iterator[Happening]:
    arn = f"arn:aws:fis:{planned.source}:{ACCOUNT}:experiment/{planned.id}"
    states = (
        (planned.start, "initiating", "running", "Experiment is running."),
        (planned.end, "running", "completed", "Experiment completed."),
    )
    for time, before, after, reason in states:
        detail = {
            "experiment-id": planned.id,
            "experiment-template-id": "EXT4pauseSessions",
            "new-state": {"status": after, "reason": reason},
            "old-state": {"status": before},
        }
        kind = "FIS Experiment State Change"
        yield _happening(time, planned.source, "aws.fis", kind, detail, [arn])


def _alarm(planned: Drill) -> Iterator[Happening]:
    name = f"session-replication-lag-{planned.target}"
    arn = f"arn:aws:cloudwatch:{planned.source}:{ACCOUNT}:alarm:{name}"
    states = (
        (planned.start + EVALUATED, "OK", "ALARM", "Threshold Crossed: 1 datapoint was greater than 5000."),
        (planned.end + EVALUATED, "ALARM", "OK", "Threshold Crossed: no datapoint was greater than 5000."),
    )
    for time, before, after, reason in states:
        detail = {
            "alarmName": name,
            "state": {
                "value": after,
                "reason": reason,
                "reasonData": json({"version": "1.0", "threshold": 5000.0}),
                "timestamp": iso(time)[:-1] + "+0000",
            },
            "previousState": {"value": before},
            "configuration": {"metrics": [_metric(planned)]},
        }
        yield _happening(
            time, planned.source, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, [arn]
        )


def _metric(planned: Drill) -> Event:
    dimensions = {"TableName": SESSIONS.name, "ReceivingRegion": planned.target}
    metric = {"namespace": "AWS/DynamoDB", "name": "ReplicationLatency", "dimensions": dimensions}
    stat = {"metric": metric, "period": 60, "stat": "Maximum"}
    return {"id": "lag", "metricStat": stat, "returnData": True}


def _notice(start: float, end: float) -> Iterator[Happening]:
    region = "ap-southeast-1"
    code = "AWS_LAMBDA_OPERATIONAL_ISSUE"
    arn = f"arn:aws:health:{region}::event/LAMBDA/{code}/{code}_EXAMPLE"
    begun, closed = (start + share * (end - start) for share in (NOTICED, CLOSED))
    for number, (time, status) in enumerate(((begun, "open"), (closed, "closed")), 1):
        detail = {
            "eventArn": arn,
            "service": "LAMBDA",
            "eventTypeCode": code,
            "eventTypeCategory": "issue",
            "eventScopeCode": "PUBLIC",
            "communicationId": f"{hashlib.sha256(arn.encode()).hexdigest()[:32]}-{number}",
            "startTime": f"{iso(begun)}",
            "lastUpdatedTime": iso(time),
            "statusCode": status,
            "eventRegion": region,
            "eventDescription": [
                {"language": "en_US", "latestDescription": "Increased latencies of Lambda invocations."}
            ],
            "affectedAccount": ACCOUNT,
            "page": "1",
            "totalPages": "1",
        }
        yield _happening(time, region, "aws.health", "AWS Health Event", detail, [])
