"""What EventBridge delivers of a story, and the events that are there on any day: deployments, a notice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from demo import functions
from demo.regions import ACCOUNT, NAMES
from demo.text import iso

Event = dict[str, Any]

DEPLOYED = 0.90  # the share of the story after which a new version of orders is deployed,
ROLLING = 0.02  # one region after the other
NOTICED, CLOSED = 0.70, 0.90


@dataclass(frozen=True, slots=True)
class Happening:
    """An event, and when (true epoch seconds) and in which region it happened."""

    time: float
    region: str
    event: Event


def happening(
    time: float, region: str, source: str, kind: str, detail: Event, resources: Sequence[str] = ()
) -> Happening:
    """In EventBridge's envelope; the id is the same whenever the story is told."""
    digest = hashlib.md5(f"{time} {region} {kind}".encode(), usedforsecurity=False).hexdigest()
    event = {
        "version": "0",
        "id": f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}",
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": iso(time)[:19] + "Z",
        "region": region,
        "resources": list(resources),
        "detail": detail,
    }
    return Happening(time, region, event)


def routine(start: float, end: float) -> Iterator[Happening]:
    """A new version of orders, which is no worse than the one before, rolled out over the regions."""
    for place, region in enumerate(NAMES):
        begun = start + (DEPLOYED + place * ROLLING) * (end - start)
        done = begun + ROLLING * (end - start) * 0.8
        yield from deployment(
            f"d-{place}EXAMPLE{int(begun) % 1000:03d}", region, functions.ORDERS.name, begun, done
        )


def deployment(id: str, region: str, name: str, begun: float, done: float) -> Iterator[Happening]:
    """A deployment of a function to a region, by CodeDeploy."""
    for state, time in (("START", begun), ("SUCCESS", done)):
        detail = {
            "region": region,
            "deploymentId": id,
            "state": state,
            "application": name,
            "deploymentGroup": f"{name}-live",
        }
        resources = [f"arn:aws:codedeploy:{region}:{ACCOUNT}:application:{name}"]
        kind = "CodeDeploy Deployment State-change Notification"
        yield happening(time, region, "aws.codedeploy", kind, detail, resources)


def notice(start: float, end: float) -> Iterator[Happening]:
    """A notice of AWS Health, which does not concern the shop."""
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
        yield happening(time, region, "aws.health", "AWS Health Event", detail)
