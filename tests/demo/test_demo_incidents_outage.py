"""A region that is out, throttling, a bad deployment, a GameDay: what goes wrong where requests come in."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from demo_payloads import Event, distinct
from demo_stories import aftermaths, delivered, events, hurt, metric, requests, story

from demo.faults import NEW_BUGS
from demo.functions import CONCURRENCY
from demo.incident import Incident
from demo.metrics import GLOBAL, HEALTH_CHECKS
from demo.requests import Request
from demo.routing import Checks
from demo.shop import Simulation

ERRORS, NOTHING = 4, 1  # seeds of an outage that answers errors, and of one that answers nothing


def outage(seed: int) -> tuple[Simulation, Incident]:
    simulation = story("region_outage", seed=seed)
    (incident,) = simulation.incidents
    return simulation, incident


def served(simulation: Simulation, start: float, end: float) -> Counter[str]:
    """Requests per region that were answered well in that time."""
    return Counter(
        one.region for one in requests(simulation) if start <= one.start < end and not one.unserved
    )


def unserved(simulation: Simulation, incident: Incident) -> list[Request]:
    """The requests that got no service because of the incident."""
    hit = hurt(simulation, incident)
    return [one for one in hit if one.failure and one.failure.cause == incident.kind and one.unserved]


def access_log(simulation: Simulation, region: str) -> list[Event]:
    """API Gateway's lines of a region."""
    arrived = distinct(delivered(simulation))
    return [one for one in arrived if "apigateway" in one.group and one.region == region]


@pytest.mark.parametrize("seed", [ERRORS, NOTHING])
def test_nobody_is_served_in_a_region_that_is_out_and_its_users_are_served_elsewhere(seed: int) -> None:
    simulation, incident = outage(seed)
    moments, before = incident.moments, simulation.parameters.start.timestamp()

    assert not served(simulation, incident.start, incident.end)[incident.region]
    moved = served(simulation, moments["traffic"], incident.end)
    usual = served(simulation, before, incident.start)
    to = incident.to_region or ""
    assert moved[to] / moved.total() > 1.3 * usual[to] / usual.total()
    assert not [one for one in unserved(simulation, incident) if one.start >= moments["traffic"]]
    assert served(simulation, moments["failback"], simulation.parameters.end.timestamp())[incident.region]


def test_an_outage_that_answers_says_503_at_once_or_504_late() -> None:
    simulation, incident = outage(ERRORS)
    failed = unserved(simulation, incident)

    assert incident.attributes["answers"] == "errors"
    assert {one.status for one in failed} == {503, 504}
    assert all(one.reached and not one.invocation and not one.calls for one in failed)
    assert {one.failure.cause for one in failed if one.failure} == {"region_outage"}
    logged = Counter(json.loads(line.message)["status"] for line in access_log(simulation, incident.region))
    assert logged["503"] + logged["504"] == sum(one.edge_id is None for one in failed)


def test_of_an_outage_that_answers_nothing_the_region_tells_nothing() -> None:
    simulation, incident = outage(NOTHING)
    failed = unserved(simulation, incident)
    ids = {one.request_id for one in failed if one.edge_id is None}

    assert incident.attributes["answers"] == "nothing"
    assert ids
    assert not any(one.reached for one in failed)
    assert all(one.status == (504 if one.edge_id else 0) and one.duration > 10 for one in failed)
    assert not [
        line
        for line in access_log(simulation, incident.region)
        if json.loads(line.message)["requestId"] in ids
    ]
    minute = int(incident.start // 60 + 2) * 60
    assert minute not in metric(simulation, incident.region, "AWS/ApiGateway/Count")


def test_clients_come_to_the_other_region_once_the_outage_is_detected() -> None:
    simulation, incident = outage(ERRORS)
    way = incident.region, incident.to_region
    moved = [one for one in requests(simulation) if (one.came_from, one.region) == way]
    seen = [one.start for one in moved if incident.start <= one.start < incident.end]
    early = sum(time < incident.moments["detect"] for time in seen)  # who travels that way anyway

    assert all(one.looked_up for one in moved)
    assert len(seen) > 10 + 5 * early


def test_clients_try_again_while_nobody_answers() -> None:
    simulation, incident = outage(NOTHING)
    tries = Counter((one.user.id, one.route) for one in unserved(simulation, incident))

    assert max(tries.values()) > 1


@pytest.mark.parametrize("seed", [ERRORS, NOTHING])
def test_the_health_check_is_unhealthy_from_the_moment_of_detection_until_it_passes_again(seed: int) -> None:
    simulation, incident = outage(seed)
    moments, check = incident.moments, HEALTH_CHECKS[incident.region]
    status = metric(simulation, GLOBAL, "AWS/Route53/HealthCheckStatus", HealthCheckId=check)
    share = metric(simulation, GLOBAL, "AWS/Route53/HealthCheckPercentageHealthy", HealthCheckId=check)
    down = {minute for minute, samples in status.items() if min(samples) == 0}

    assert min(down) in (moments["detect"] // 60 * 60, moments["detect"] // 60 * 60 + 60)
    assert max(down) in (moments["healthy"] // 60 * 60, moments["healthy"] // 60 * 60 - 60)
    assert min(min(samples) for samples in share.values()) == 0
    for region, other in HEALTH_CHECKS.items():
        if region != incident.region:
            healthy = metric(simulation, GLOBAL, "AWS/Route53/HealthCheckStatus", HealthCheckId=other)
            assert {value for samples in healthy.values() for value in samples} == {1.0}


@pytest.mark.parametrize(("interval", "low", "high"), [(30, 60, 126), (10, 20, 46)])
def test_detection_takes_as_long_as_route_53_does(interval: int, low: float, high: float) -> None:
    for silent in (False, True):
        checks = Checks(1000.0, 2000.0, interval, silent)

        assert 1000 + low <= checks.unhealthy <= 1000 + high
        assert checks.share(1000.0) == checks.share(3000.0) == 1.0
        assert checks.share(1500.0) == 0.0
        assert checks.share(checks.unhealthy) == pytest.approx(0.18)
        assert checks.share(checks.healthy) == pytest.approx(0.18)


def test_an_outage_too_short_to_be_noticed_moves_nobody() -> None:
    assert not Checks(1000.0, 1015.0, 10, silent=False).noticed


def test_the_truth_of_an_outage_says_when_users_were_hurt_and_for_how_long() -> None:
    simulation, incident = outage(ERRORS)
    (told,) = aftermaths(simulation)
    failed = unserved(simulation, incident)

    assert told["rto_s"] == pytest.approx(
        max(one.end for one in failed) - min(one.start for one in failed), abs=0.01
    )
    assert told["rto_s"] < incident.moments["traffic"] - incident.start + 20
    assert told["failures"] == len(hurt(simulation, incident))
    assert {write["region"] for write in (*told["lost"], *told["delayed"])} <= {incident.region}
    assert told["delayed"]


def test_a_burst_beyond_the_concurrency_that_is_left_is_throttled() -> None:
    simulation = story("throttling", seed=2)
    (incident,) = simulation.incidents
    failed, region = hurt(simulation, incident), incident.region

    assert {(one.region, one.status) for one in failed} == {(region, 502)}
    assert {one.failure.cause for one in failed if one.failure} == {"throttled"}
    assert len(failed) > 50
    throttles = metric(simulation, region, "AWS/Lambda/Throttles")
    assert sum(sum(samples) for samples in throttles.values()) == len(failed)
    claimed = metric(simulation, region, "AWS/Lambda/ClaimedAccountConcurrency")
    full = {minute for minute, samples in claimed.items() if max(samples) == CONCURRENCY}
    assert {one.end // 60 * 60 for one in failed} == full
    quiet = [max(samples) for minute, samples in claimed.items() if minute not in full]
    assert max(quiet) < CONCURRENCY / 5
    logged = [json.loads(line.message) for line in access_log(simulation, region)]
    assert sum(line["integrationStatus"] == "429" for line in logged) == len(failed)


def test_a_bad_deployment_brings_a_new_error_to_one_function_of_one_region_until_it_is_rolled_back() -> None:
    simulation = story("bad_deployment")
    (incident,) = simulation.incidents
    failed, function = hurt(simulation, incident), incident.attributes["function"]

    assert len(failed) > 10
    assert {(one.region, one.function.name) for one in failed} == {(incident.region, function)}
    assert all(incident.start <= one.start < incident.end for one in failed)
    new = NEW_BUGS[str(function)].fault.error_type
    errors = {one.failure.error_type for one in requests(simulation) if one.failure and one not in failed}
    assert {one.failure.error_type for one in failed if one.failure} == {new}
    assert new not in errors
    told = [
        (event["detail"]["state"], event["time"])
        for event in events(simulation, "aws.codedeploy")
        if event["detail"]["deploymentId"].startswith(("d-B", "d-R"))
    ]
    assert [state for state, _ in told] == ["START", "SUCCESS"] * 2


@pytest.mark.parametrize(("seed", "inside"), [(4, "region_outage"), (1, "replication_stall")])
def test_a_game_day_is_an_experiment_with_something_inside(seed: int, inside: str) -> None:
    simulation = story("gameday", seed=seed)
    gameday, made = simulation.incidents

    assert (gameday.drill, made.drill, made.kind) == (True, True, inside)
    states = [event["detail"]["new-state"]["status"] for event in events(simulation, "aws.fis")]
    assert states == ["running", "completed"]
    assert hurt(simulation, made)
    assert [one["drill"] for one in aftermaths(simulation)] == [True, True]
