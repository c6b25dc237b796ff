"""ElastiCache Global Datastore: a promotion sends no event, so roles are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from collector import arn
from collector.state.change import Change, appeared, gone, sentence, state
from collector.state.observation import Facts, Observation, facts

NOUN = "Global datastore"


def look(client: Callable[[str], Any]) -> Observation:
    """DescribeGlobalReplicationGroups: every region that has a member sees all of a datastore."""
    found = Observation()
    paginator = client("elasticache").get_paginator("describe_global_replication_groups")
    pages = paginator.paginate(ShowMemberInfo=True)
    for page in found.pages("DescribeGlobalReplicationGroups", pages):
        for group in page.get("GlobalReplicationGroups", ()):
            found.subjects[group["GlobalReplicationGroupId"]] = _facts(group)
    return found


def _facts(group: Mapping[str, Any]) -> Facts:
    known = facts(account_id=arn.account_of(group.get("ARN")), status=group.get("Status"))
    for each in group.get("Members", ()):
        name = f"member.{each.get('ReplicationGroupRegion') or each.get('ReplicationGroupId')}"
        told = facts(role=each.get("Role"), status=each.get("Status"), group=each.get("ReplicationGroupId"))
        known |= {f"{name}.{fact}": value for fact, value in told.items()}
    primaries = _primaries(known)
    return known | facts(primary_region=primaries[0] if len(primaries) == 1 else None)


def describe(subject: str, before: Facts | None, after: Facts | None) -> Change:
    if after is None:
        return gone(NOUN, subject, (before or {}).get("primary_region"))
    here = after.get("primary_region")
    if before is None:
        return appeared(NOUN, subject, here, f": its primary is in {here or 'no region'}")
    there = next((region for region in _primaries(before) if region != here), None)
    if here and before.get("primary_region") != here:
        title = f"{NOUN} {subject}: the primary moved from {there or 'no region'} to {here}."
        return Change("failover", "completed", title, here, there, here)
    said = state(before, after, after.get("status", "changed"))
    return Change("topology", said, sentence(NOUN, subject, before, after), here or there)


def _primaries(known: Facts) -> list[str]:
    """Two, while they converge to one."""
    roles = [name.split(".") for name, role in known.items() if role == "PRIMARY"]
    return [region for _, region, fact in roles if fact == "role"]
