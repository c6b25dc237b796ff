"""Route 53 record sets that choose between targets: weights, failover roles, latency, health checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collector import arn
from collector.state.change import Change, appeared, differences, gone, sentence, state
from collector.state.observation import Facts, Observation, facts

NOUN = "Record set"
GLOBAL = "global"  # a region for what is in none, as AWS Health has it

_POLICIES = {
    "Weight": "weighted",
    "Failover": "failover",
    "Region": "latency",
    "GeoLocation": "geolocation",
    "GeoProximityLocation": "geoproximity",
    "CidrRoutingConfig": "ip_based",
    "MultiValueAnswer": "multivalue",
}


def look(client: Callable[[str], Any], zones: Sequence[str]) -> Observation:
    """ListResourceRecordSets of each hosted zone; records without a choice are no subjects."""
    found = Observation()
    paginator = client("route53").get_paginator("list_resource_record_sets")
    for zone in zones:
        for page in found.pages(f"ListResourceRecordSets of {zone}", paginator.paginate(HostedZoneId=zone)):
            for record in page.get("ResourceRecordSets", ()):
                if _chooses(record):
                    found.subjects[_subject(zone, record)] = _facts(record)
    return found


def _chooses(record: Mapping[str, Any]) -> bool:
    alias = record.get("AliasTarget") or {}
    return bool(
        record.get("SetIdentifier") or record.get("HealthCheckId") or alias.get("EvaluateTargetHealth")
    )


def _subject(zone: str, record: Mapping[str, Any]) -> str:
    parts = (zone, record["Name"].rstrip("."), record["Type"], record.get("SetIdentifier"))
    return " ".join(part for part in parts if part)


def _facts(record: Mapping[str, Any]) -> Facts:
    alias = record.get("AliasTarget") or {}
    values = sorted(each.get("Value", "") for each in record.get("ResourceRecords", ()))
    target = alias.get("DNSName") or ", ".join(values)
    return facts(
        policy=next((policy for key, policy in _POLICIES.items() if key in record), "simple"),
        weight=record.get("Weight"),
        failover=record.get("Failover"),
        region=record.get("Region") or arn.region_in(target),
        health_check=record.get("HealthCheckId"),
        evaluate_target_health=alias.get("EvaluateTargetHealth"),
        target=target,
        ttl=record.get("TTL"),
    )


def describe(subject: str, before: Facts | None, after: Facts | None) -> Change:
    here = (after or before or {}).get("region")
    if after is None:
        return gone(NOUN, subject, here or GLOBAL)
    if before is None:
        return appeared(NOUN, subject, here or GLOBAL)
    more = _share(after) - _share(before)
    return Change(
        "routing",
        state(before, after, after["policy"]),
        sentence(NOUN, subject, before, after),
        here or GLOBAL,
        from_region=here if more < 0 else _left(before, after),
        to_region=here if more > 0 or _left(before, after) else None,
    )


def _share(told: Facts) -> int:
    """What a record draws to its region: its weight, or that it is the primary of a pair."""
    return int(told.get("weight", 0)) + (told.get("failover") == "PRIMARY")


def _left(before: Facts, after: Facts) -> str | None:
    """The region a record pointed to before, if it points to another one now."""
    return before.get("region") if "region" in differences(before, after) else None
