"""Promotions of the database, stalled replication and lost updates: what goes wrong with the data."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from demo_stories import aftermaths, events, hurt, metric, requests, story

from demo.incident import Incident
from demo.requests import Call
from demo.shop import Simulation
from demo.spans import WRITER_SERVICE, spans


def promotion(kind: str, seed: int = 1) -> tuple[Simulation, Incident]:
    simulation = story(kind, seed=seed)  # type: ignore[arg-type]
    (incident,) = simulation.incidents
    return simulation, incident


def rows_written(simulation: Simulation) -> list[Call]:
    return [
        call
        for request in requests(simulation)
        for call in request.calls
        if (call.resource, call.kind, call.failed) == ("shop", "write", False)
    ]


def told(simulation: Simulation) -> dict[str, dict[str, Any]]:
    """The events of RDS by id."""
    return {
        event["detail"]["EventID"]: event
        for event in events(simulation, "aws.rds")
        if event["detail-type"].startswith("RDS")
    }


@pytest.mark.parametrize("kind", ["aurora_switchover", "aurora_failover"])
def test_the_writer_moves_and_nobody_writes_in_between(kind: str) -> None:
    simulation, incident = promotion(kind)
    fence, promote = incident.moments["fence"], incident.moments["promote"]
    written = rows_written(simulation)

    assert {call.region for call in written if call.end < fence} == {incident.region}
    assert not [call for call in written if fence <= call.end < promote]
    assert {call.region for call in written if call.end >= promote} == {incident.to_region}
    failed = [one for one in hurt(simulation, incident) if one.unserved]
    assert {one.status for one in failed} == {503}
    assert {one.failure.cause for one in failed if one.failure} == {"failover"}
    assert all(fence - 1 <= one.end and one.start < promote for one in failed)


def test_a_planned_switchover_loses_nothing() -> None:
    simulation, incident = promotion("aurora_switchover")
    (after,) = aftermaths(simulation)

    assert (after["lost"], after["delayed"]) == ([], [])
    before = [call for call in rows_written(simulation) if call.end < incident.moments["fence"]]
    promote, to = incident.moments["promote"], incident.to_region or ""
    assert before
    assert all((call.visible or {})[to] <= promote for call in before)


def test_an_unplanned_failover_loses_what_had_not_been_replicated() -> None:
    simulation, incident = promotion("aurora_failover")
    (after,) = aftermaths(simulation)
    lost = [call for call in rows_written(simulation) if len(call.visible or {}) == 1]

    assert lost
    assert [(one["key"], one["version"]) for one in after["lost"]] == [(one.key, one.version) for one in lost]
    assert all(incident.start - 3 <= call.end < incident.moments["fence"] for call in lost)
    assert all(set(call.visible or {}) == {incident.region} for call in lost)
    gone = {(call.key, call.version) for call in lost}
    later = [
        (call.key, call.version)
        for request in requests(simulation)
        for call in request.calls
        if call.kind == "read" and call.end >= incident.moments["promote"]
    ]
    assert not gone.intersection(later)


def test_the_old_primarys_region_reads_elsewhere_until_it_is_in_sync_again() -> None:
    simulation, incident = promotion("aurora_failover")
    promote, rejoin = incident.moments["promote"], incident.moments["rejoin"]

    def replicas(start: float, end: float) -> set[str]:
        return {
            call.region
            for request in requests(simulation)
            for call in request.calls
            if request.region == incident.region and (call.resource, call.kind) == ("shop", "read")
            if start <= call.start < end and not call.failed
        }

    assert replicas(0, incident.moments["fence"] - 1) == {incident.region}
    assert replicas(incident.moments["fence"], promote) == set()
    assert replicas(promote, rejoin) == {incident.to_region}
    assert replicas(rejoin, math.inf) == {incident.region}


def test_a_failed_write_has_a_failed_span_and_none_where_it_did_not_come() -> None:
    simulation, incident = promotion("aurora_failover")
    (one, *_) = (
        request
        for request in hurt(simulation, incident)
        if any(call.failed and call.kind == "write" for call in request.calls)
    )
    tree = list(spans(one))

    assert [span.failure for span in tree if span.name == "shop write"] == [one.failure]
    assert not [span for span in tree if span.service == WRITER_SERVICE]


@pytest.mark.parametrize("seed", range(1, 7))
def test_rds_tells_of_a_switchover_but_for_what_is_missing_or_late(seed: int) -> None:
    simulation, incident = promotion("aurora_switchover", seed)
    found = told(simulation)
    missing, late = (incident.attributes.get(name) for name in ("missing", "late"))

    assert set(found) == {f"RDS-EVENT-018{number}" for number in range(1, 6)} - {missing}
    order = sorted(found, key=lambda id: str(found[id]["detail"]["Date"]))
    assert order == [
        id
        for id in ("RDS-EVENT-0181", "RDS-EVENT-0183", "RDS-EVENT-0182", "RDS-EVENT-0184", "RDS-EVENT-0185")
        if id != missing
    ]
    assert late is None or list(found)[-1] == late


def test_rds_and_cloudtrail_tell_of_a_failover() -> None:
    simulation, incident = promotion("aurora_failover", seed=6)
    calls = [one for one in events(simulation, "aws.rds") if "CloudTrail" in one["detail-type"]]

    assert set(told(simulation)) == {f"RDS-EVENT-0{number}" for number in (390, 238, 397, 240, 241)}
    assert [call["detail"]["eventName"] for call in calls] == ["FailoverGlobalCluster"]
    assert {event["region"] for event in told(simulation).values()} == {incident.to_region}


@pytest.mark.parametrize(
    ("seed", "resource", "name"),
    [
        (1, "shop", "AWS/RDS/AuroraGlobalDBReplicationLag"),
        (2, "shop-sessions", "AWS/DynamoDB/ReplicationLatency"),
        (3, "shop-files", "AWS/S3/ReplicationLatency"),
    ],
)
def test_a_stall_holds_back_the_writes_of_its_layer_between_its_regions(
    seed: int, resource: str, name: str
) -> None:
    simulation = story("replication_stall", seed=seed)
    (stall,) = simulation.incidents
    source, target = stall.region, stall.to_region or ""
    writes = [
        call
        for request in requests(simulation)
        for call in request.calls
        if call.kind == "write" and call.region == source and stall.start <= call.end < stall.end
    ]
    mine = [call for call in writes if call.resource == resource]

    assert mine
    assert all((call.visible or {})[target] > stall.end for call in mine)
    assert all((call.held or {}) == {target: stall.id} for call in mine)
    assert not [call for call in writes if call.resource != resource and call.held]
    published = target if resource != "shop-sessions" else source
    seen = metric(simulation, published, name)
    assert max(max(samples) for samples in seen.values()) >= max(
        (call.visible or {})[target] - call.end for call in mine
    )
    assert f"{stall.layer}-replication-lag-{target}" in {
        event["detail"]["alarmName"] for event in events(simulation, "aws.cloudwatch")
    }


def test_what_a_stall_hides_is_a_stale_read_of_its_layer() -> None:
    simulation = story("replication_stall", seed=1)
    (stall,) = simulation.incidents
    failed = hurt(simulation, stall)

    assert failed
    assert {(one.failure.cause, one.failure.layer) for one in failed if one.failure} == {
        ("stale_read", stall.layer)
    }
    assert {one.region for one in failed} == {stall.to_region}


def test_clients_that_are_sent_to_two_regions_lose_updates() -> None:
    simulation = story("lost_updates")
    (incident,) = simulation.incidents
    failed = hurt(simulation, incident)
    usual = Counter(one.failure.cause for one in requests(story()) if one.failure)["lost_update"]

    assert len(failed) > 2 * usual
    assert {one.failure.cause for one in failed if one.failure} == {"lost_update"}
    assert {one.region for one in failed} == {incident.region, incident.to_region}
