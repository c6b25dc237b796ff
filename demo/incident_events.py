"""What EventBridge delivers of the incidents: experiments, promotions, bad deployments, and the alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from demo.events import Event, Happening, deployment, happening, notice, routine
from demo.incident import Incident, Kind
from demo.metrics import CLUSTER, GLOBAL, HEALTH_CHECKS
from demo.regions import ACCOUNT
from demo.replication import FILES, SESSIONS
from demo.shop import Simulation
from demo.text import iso, json

CLEARED = 60.0  # seconds an alarm lags behind what it watches
LATE = 45.0  # seconds an event of RDS may take
ROLLOUT = 30.0  # seconds a deployment takes
GLOBAL_CLUSTER = "shop-global"


def happenings(simulation: Simulation) -> list[Happening]:
    """All events of a story, in the order of time."""
    told = simulation.parameters
    start, end = told.start.timestamp(), told.end.timestamp()
    found = [*routine(start, end), *(notice(start, end) if told.incidents == "default" else ())]
    for incident in simulation.incidents:
        found += _TELLERS.get(incident.kind, _nothing)(incident)
    return sorted((one for one in found if one.time < end + LATE), key=lambda one: one.time)


def _nothing(incident: Incident) -> Iterator[Happening]:
    """Of a lost update or a wrong clock nobody tells."""
    yield from ()


def _experiment(gameday: Incident) -> Iterator[Happening]:
    id, template = gameday.attributes["experiment"], gameday.attributes["template"]
    arn = f"arn:aws:fis:{gameday.region}:{ACCOUNT}:experiment/{id}"
    states = (
        (gameday.start, "initiating", "running", "Experiment is running."),
        (gameday.end, "running", "completed", "Experiment completed."),
    )
    for time, before, after, reason in states:
        detail = {
            "experiment-id": id,
            "experiment-template-id": template,
            "new-state": {"status": after, "reason": reason},
            "old-state": {"status": before},
        }
        yield happening(time, gameday.region, "aws.fis", "FIS Experiment State Change", detail, [arn])


class Metric(NamedTuple):
    """What an alarm watches, published in `region`, and from which value on it is one."""

    region: str
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    stat: str
    threshold: float
    crossed: str  # what the alarm calls a datapoint beyond the threshold


def _alarm(name: str, metric: Metric, raised: float, cleared: float) -> Iterator[Happening]:
    region = metric.region
    arn = f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}"
    said = f"{metric.crossed} {metric.threshold}."
    states = (
        (raised, "OK", "ALARM", f"Threshold Crossed: 1 datapoint was {said}"),
        (cleared, "ALARM", "OK", f"Threshold Crossed: no datapoint was {said}"),
    )
    watched = {"namespace": metric.namespace, "name": metric.name, "dimensions": metric.dimensions}
    stat = {"metric": watched, "period": 60, "stat": metric.stat}
    for time, before, after, reason in states:
        detail = {
            "alarmName": name,
            "state": {
                "value": after,
                "reason": reason,
                "reasonData": json({"version": "1.0", "threshold": metric.threshold}),
                "timestamp": iso(time)[:-1] + "+0000",
            },
            "previousState": {"value": before},
            "configuration": {"metrics": [{"id": "lag", "metricStat": stat, "returnData": True}]},
        }
        yield happening(time, region, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, [arn])


def _stall(stall: Incident) -> Iterator[Happening]:
    target = stall.to_region or ""
    metric = _LAGS[stall.layer or ""](stall.region, target)
    name = f"{stall.layer}-replication-lag-{target}"
    yield from _alarm(name, metric, stall.moments["detect"], stall.end + CLEARED)


def _session_lag(source: str, target: str) -> Metric:
    dimensions = {"TableName": SESSIONS.name, "ReceivingRegion": target}
    return Metric(source, "AWS/DynamoDB", "ReplicationLatency", dimensions, "Maximum", 5000.0, "greater than")


def _file_lag(source: str, target: str) -> Metric:
    buckets = {
        "SourceBucket": f"{FILES.name}-{source}",
        "DestinationBucket": f"{FILES.name}-{target}",
        "RuleId": f"to-{target}",
    }
    return Metric(target, "AWS/S3", "ReplicationLatency", buckets, "Maximum", 60.0, "greater than")


def _database_lag(source: str, target: str) -> Metric:
    cluster = {"DBClusterIdentifier": f"{CLUSTER}-{target}", "SourceRegion": source}
    return Metric(
        target, "AWS/RDS", "AuroraGlobalDBReplicationLag", cluster, "Maximum", 5000.0, "greater than"
    )


_LAGS: Mapping[str, Callable[[str, str], Metric]] = {
    "session": _session_lag,
    "file": _file_lag,
    "database": _database_lag,
}


def _outage(outage: Incident) -> Iterator[Happening]:
    """The alarm on the health check, if it saw anything."""
    if "detect" in outage.moments:
        check = {"HealthCheckId": HEALTH_CHECKS[outage.region]}
        metric = Metric(GLOBAL, "AWS/Route53", "HealthCheckStatus", check, "Minimum", 1.0, "less than")
        raised, cleared = outage.moments["detect"] + CLEARED, outage.moments["healthy"] + CLEARED
        yield from _alarm(f"health-check-{outage.region}", metric, raised, cleared)


def _errors(region: str, raised: float, over: float) -> Iterator[Happening]:
    api = {"ApiName": "shop", "Stage": "prod"}
    metric = Metric(region, "AWS/ApiGateway", "5XXError", api, "Average", 0.02, "greater than")
    yield from _alarm(f"api-5xx-{region}", metric, raised, over + CLEARED)


def _throttling(throttling: Incident) -> Iterator[Happening]:
    region = throttling.region
    metric = Metric(region, "AWS/Lambda", "Throttles", {}, "Sum", 5.0, "greater than")
    raised, cleared = throttling.moments["detect"], throttling.end + CLEARED
    yield from _alarm(f"lambda-throttles-{region}", metric, raised, cleared)


def _bad_deployment(bad: Incident) -> Iterator[Happening]:
    """The deployment that brings the mistake, and the one that takes it back."""
    name, number = str(bad.attributes["function"]), int(bad.start) % 1000
    yield from deployment(f"d-BEXAMPLE{number:03d}", bad.region, name, bad.start - ROLLOUT, bad.start)
    yield from deployment(f"d-REXAMPLE{number:03d}", bad.region, name, bad.end - ROLLOUT, bad.end)
    yield from _errors(bad.region, bad.moments["detect"], bad.end)


def _promotion(promotion: Incident) -> Iterator[Happening]:
    """What the caller asked for, and what RDS says of it: it may be late, and it may be missing."""
    planned = promotion.kind == "aurora_switchover"
    yield _asked("SwitchoverGlobalCluster" if planned else "FailoverGlobalCluster", promotion)
    for told in _switchover(promotion) if planned else _failover(promotion):
        id = told.event["detail"]["EventID"]
        if id == promotion.attributes.get("late"):
            yield replace(told, time=told.time + LATE)
        elif id != promotion.attributes.get("missing"):
            yield told
    if not planned:
        yield from _errors(promotion.region, promotion.moments["detect"], promotion.moments["promote"])


def _asked(call: str, promotion: Incident) -> Happening:
    time, region = promotion.moments["decide"], promotion.to_region or ""
    detail = {
        "eventVersion": "1.09",
        "eventSource": "rds.amazonaws.com",
        "eventName": call,
        "eventTime": iso(time)[:19] + "Z",
        "awsRegion": region,
        "eventID": f"{promotion.id}-call",
        "recipientAccountId": ACCOUNT,
        "requestParameters": {
            "globalClusterIdentifier": GLOBAL_CLUSTER,
            "targetDbClusterIdentifier": _cluster(region),
        },
    }
    return happening(time, region, "aws.rds", "AWS API Call via CloudTrail", detail)


# Messages as the Aurora user guide has them, "Amazon RDS event categories and event messages".


def _switchover(promotion: Incident) -> Iterator[Happening]:
    old, new, at = promotion.region, promotion.to_region or "", promotion.moments
    target, waiting = _named(new), (at["decide"] + at["fence"]) / 2
    lags = "Waiting for data synchronization across global cluster members."
    stopped = f"Old primary {_named(old)} successfully shut down."
    yield _rds(promotion.start, new, "RDS-EVENT-0181", f"Global switchover to {target} started.")
    yield _rds(waiting, new, "RDS-EVENT-0183", lags)
    yield _rds(at["fence"], old, "RDS-EVENT-0182", stopped)
    yield _rds(at["promote"], new, "RDS-EVENT-0184", f"New primary {target} was successfully promoted.")
    yield _rds(promotion.end, new, "RDS-EVENT-0185", f"Global switchover to {target} finished.")


def _failover(promotion: Incident) -> Iterator[Happening]:
    old, new, at = promotion.region, promotion.to_region or "", promotion.moments
    target, fenced = _named(new), (at["decide"] + at["promote"]) / 2
    blocked = f"Write fencing of the storage volume of {_named(old)} succeeded."
    endpoint = f"The global writer endpoint of {GLOBAL_CLUSTER} points to {target}."
    again = f"Started resynchronizing members of {GLOBAL_CLUSTER} with {target}."
    in_sync = f"Finished resynchronizing members of {GLOBAL_CLUSTER} with {target}."
    yield _rds(fenced, new, "RDS-EVENT-0390", blocked, "DB_INSTANCE")
    yield _rds(at["promote"], new, "RDS-EVENT-0238", f"Global failover to {target} completed.")
    yield _rds(at["promote"] + 1, new, "RDS-EVENT-0397", endpoint)
    yield _rds(at["promote"] + 2, new, "RDS-EVENT-0240", again)
    yield _rds(at["rejoin"], new, "RDS-EVENT-0241", in_sync)


def _rds(time: float, region: str, id: str, message: str, source: str = "CLUSTER") -> Happening:
    arn = _cluster(region) if source == "CLUSTER" else _cluster(region).replace(":cluster:", ":db:") + "-1"
    detail: Event = {
        "EventCategories": ["global failover" if source == "CLUSTER" else "failover"],
        "SourceType": source,
        "SourceArn": arn,
        "Date": iso(time),
        "SourceIdentifier": arn.rpartition(":")[2],
        "Message": message,
        "EventID": id,
    }
    kind = "RDS DB Cluster Event" if source == "CLUSTER" else "RDS DB Instance Event"
    return happening(time, region, "aws.rds", kind, detail, [arn])


def _named(region: str) -> str:
    return f"DB cluster {CLUSTER}-{region} in Region {region}"


def _cluster(region: str) -> str:
    return f"arn:aws:rds:{region}:{ACCOUNT}:cluster:{CLUSTER}-{region}"


_TELLERS: Mapping[Kind, Callable[[Incident], Iterator[Happening]]] = {
    "gameday": _experiment,
    "replication_stall": _stall,
    "region_outage": _outage,
    "throttling": _throttling,
    "bad_deployment": _bad_deployment,
    "aurora_switchover": _promotion,
    "aurora_failover": _promotion,
}
