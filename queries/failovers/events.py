"""Evidence from the events of AWS, from what the poller saw change, and from Route 53's health checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from queries.answers import Reader, Row
from queries.failovers.evidence import Evidence, Kind, Phase
from queries.failovers.traffic import LAYER, US
from store.engine import quote

MINUTE = 60 * US
SECOND = US

# Who tells of a move, as which kind of evidence it counts, and of which layer it tells.
_TELLERS: Mapping[str, tuple[Kind, str]] = {
    "rds": ("rds", "database"),
    "aurora": ("rds", "database"),
    "elasticache": ("cache", "cache"),
    "arc-region-switch": ("arc", LAYER),
    "route53": ("dns", LAYER),
    "route53-recovery-cluster": ("arc", LAYER),
    "routing": ("dns", LAYER),
}

# What a state of a failover or switchover is a sign of: of RDS's events, of CloudTrail's calls, and of ARC.
_PHASES: Mapping[str, Phase] = {
    "started": "decide",
    "requested": "decide",
    "pending": "decide",
    "ExecutionStarted": "decide",
    "executionStarted": "decide",
    "fenced": "fence",
    "promoted": "promote",
    "completed": "promote",
}
_ENDED = {"cancelled", "failed", "refused"}


def signs(reader: Reader, checks: Mapping[str, str], since: datetime, until: datetime) -> Iterator[Evidence]:
    """All events of the span that belong to moves; `checks` names the regions of health checks by id."""
    window: dict[str, Any] = {"since": since, "until": until}
    rows = reader.rows("from moves(since := $since, until := $until)", **window)
    yield from _drills([row for row in rows if row["kind"] == "drill"])
    yield from _notices([row for row in rows if row["kind"] == "aws_health"])
    for row in rows:
        if row["kind"] in ("failover", "switchover", "routing"):
            yield from _move(row)
        elif row["kind"] == "alarm" and row["state"] == "ALARM":
            yield _evidence(row, "alarm", phase="detect", from_region=row["region"])
    yield from _checks(reader, [row for row in rows if row["kind"] == "health_check"], checks, window)


def _evidence(row: Row, kind: Kind, **known: Any) -> Evidence:
    told = {
        "kind": kind,
        "time": micros(row["time"]),
        "what": row["title"],
        "row": f"events where event_id = {quote(row['event_id'])}",
        "bound": SECOND,  # events are stamped with whole seconds
    }
    return Evidence(**told | known)


def _move(row: Row) -> Iterator[Evidence]:
    """A role that moves. What names no region may have happened within one: it only supports."""
    kind, layer = _TELLERS.get(row["source"] or "", ("rds", "database"))
    here, there, state = row["from_region"], row["to_region"], row["state"]
    if here and here == there:
        return
    if state in _ENDED:
        yield _evidence(row, "alarm", layer=layer, from_region=here, to_region=there, phase="end")
        return
    moving = row["kind"] != "routing"
    yield _evidence(
        row,
        kind,
        layer=layer,
        from_region=here,
        to_region=there,
        opens=moving and bool(here or there),
        phase=_PHASES.get(state) if moving else ("decide" if layer == LAYER else None),
        move=row["kind"] if moving else None,
        # Of what is told only when all is over, the moment is not known so well.
        bound=MINUTE if state == "completed" else SECOND,
    )


def _checks(
    reader: Reader, rows: list[Row], checks: Mapping[str, str], window: Mapping[str, Any]
) -> Iterator[Evidence]:
    known = reader.rows("select id, region from health_checks(since := $since, until := $until)", **window)
    regions = {row["id"]: row["region"] for row in known if row["region"]} | dict(checks)
    for row in reader.rows("from unhealthy_checks(since := $since, until := $until)", **window):
        region = regions.get(row["id"])
        time = micros(row["begun"])
        yield Evidence(
            kind="health_check",
            time=time + MINUTE // 2,  # in the course of that minute
            what=f"Route 53's health check {row['id']} of {region or 'an unknown region'} became unhealthy.",
            row="metrics where name = 'AWS/Route53/HealthCheckStatus' and "
            f"resource = {quote(row['id'])} and time = '{row['begun']:%Y-%m-%d %H:%M:%S}Z'",
            layer=LAYER,
            from_region=region,
            bound=MINUTE // 2,
            end=row["ended"] and micros(row["ended"]),
            opens=True,
            phase="detect",
            move="outage",
        )
    for row in rows:
        if row["state"] == "unhealthy":
            region = row["region"] if row["region"] != "global" else regions.get(row["subject"])
            yield _evidence(
                row,
                "health_check",
                layer=LAYER,
                from_region=region,
                bound=MINUTE,  # it is polled
                opens=True,
                phase="detect",
                move="outage",
            )


def _drills(rows: list[Row]) -> Iterator[Evidence]:
    """An experiment, from when it runs until it ends."""
    over = {"completed", "stopped", "failed", "cancelled"}
    for row in rows:
        if row["state"] == "running":
            ends = [other for other in rows if other["subject"] == row["subject"] and other["state"] in over]
            end = min((micros(other["time"]) for other in ends), default=None)
            yield _evidence(row, "drill", from_region=row["region"], end=end, opens=True, layer="drill")


def _notices(rows: list[Row]) -> Iterator[Evidence]:
    """A notice of AWS, from when it is open until it is closed."""
    for row in rows:
        if row["state"] == "open":
            ends = [
                micros(other["time"])
                for other in rows
                if other["state"] == "closed"
                and (other["subject"], other["region"], other["code"])
                == (row["subject"], row["region"], row["code"])
                and other["time"] >= row["time"]
            ]
            yield _evidence(row, "aws_health", from_region=row["region"], end=min(ends, default=None))


def micros(time: datetime) -> int:
    """Epoch µs."""
    return round(time.timestamp() * US)
