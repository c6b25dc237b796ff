"""Aurora Global Database: which region writes, whether the role is moving, and who is in sync."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from collector import arn
from collector.state.change import Change, appeared, gone, sentence, state
from collector.state.observation import Facts, Observation, facts

NOUN = "Global cluster"
_KINDS = {"true": "failover", "false": "switchover"}  # by whether data loss is allowed (RDS, FailoverState)


def look(client: Callable[[str], Any]) -> Observation:
    """DescribeGlobalClusters: every region that has a member sees all of a cluster."""
    found = Observation()
    pages = client("rds").get_paginator("describe_global_clusters").paginate()
    for page in found.pages("DescribeGlobalClusters", pages):
        for cluster in page.get("GlobalClusters", ()):
            found.subjects[cluster["GlobalClusterIdentifier"]] = _facts(cluster)
    return found


def _facts(cluster: Mapping[str, Any]) -> Facts:
    members = cluster.get("GlobalClusterMembers", ())
    writer = next((each.get("DBClusterArn") for each in members if each.get("IsWriter")), None)
    moving = cluster.get("FailoverState") or {}
    known = facts(
        account_id=arn.account_of(cluster.get("GlobalClusterArn")),
        engine=cluster.get("Engine"),
        engine_version=cluster.get("EngineVersion"),
        status=cluster.get("Status"),
        writer=writer,
        writer_region=arn.region_of(writer),
        failover__status=moving.get("Status"),
        failover__from_region=arn.region_of(moving.get("FromDbClusterArn")),
        failover__to_region=arn.region_of(moving.get("ToDbClusterArn")),
        failover__data_loss_allowed=moving.get("IsDataLossAllowed") if moving.get("Status") else None,
    )
    for each in members:
        cluster_arn = each.get("DBClusterArn") or ""
        name = f"member.{arn.region_of(cluster_arn) or cluster_arn}"
        known |= {
            f"{name}.{fact}": value
            for fact, value in facts(
                cluster=arn.name_of(cluster_arn),
                synchronization=each.get("SynchronizationStatus"),
                write_forwarding=each.get("GlobalWriteForwardingStatus"),
            ).items()
        }
    return known


def describe(subject: str, before: Facts | None, after: Facts | None) -> Change:
    if after is None:
        return gone(NOUN, subject, (before or {}).get("writer_region"))
    here = after.get("writer_region")
    if before is None:
        return appeared(NOUN, subject, here, f": its writer is in {here or 'no region'}")
    moving = after if "failover.status" in after else before
    kind = _KINDS.get(moving.get("failover.data_loss_allowed", ""))
    if here and here != before.get("writer_region"):
        return _moved(subject, kind or "failover", before, here)
    if after.get("failover.status") != before.get("failover.status"):
        now = after.get("failover.status", "ended")
        return Change(
            kind or "failover",
            now,
            f"{NOUN} {subject}: {kind or 'failover'} is {now}.",
            here,
            moving.get("failover.from_region"),
            moving.get("failover.to_region"),
        )
    return Change(
        "topology",
        state(before, after, after.get("status", "changed")),
        sentence(NOUN, subject, before, after),
        here,
    )


def _moved(subject: str, kind: str, before: Facts, here: str) -> Change:
    there = before.get("writer_region") or before.get("failover.from_region")
    title = f"{NOUN} {subject}: the writer moved from {there or 'no region'} to {here}."
    return Change(kind, "completed", title, here, there, here)
