"""How evidence becomes incidents, and what an incident says then."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from queries.failovers.evidence import Evidence, Kind
from queries.failovers.incident import Incident, fuse
from queries.failovers.losses import Losses
from queries.failovers.objectives import Failovers, Objective, status
from queries.failovers.timing import Moment, recovery, rpo_status

MINUTE = 60_000_000
EU, US, AP = "eu-west-1", "us-east-1", "ap-southeast-1"


def sign(kind: Kind, minute: float, **told: Any) -> Evidence:
    known = {"opens": kind not in ("alarm", "aws_health"), "layer": "routing", "from_region": EU}
    return Evidence(**{"kind": kind, "time": round(minute * MINUTE), "what": "", "row": kind} | known | told)


def rds(minute: float, to: str | None = US, **told: Any) -> Evidence:
    return sign(
        "rds", minute, layer="database", to_region=to, **{"from_region": None, "move": "failover"} | told
    )


def the_only(found: list[Incident]) -> Incident:
    assert len(found) == 1
    return found[0]


def test_one_kind_of_evidence_is_a_suspicion_and_two_confirm_it() -> None:
    suspected = the_only(fuse([sign("health_check", 100), sign("health_check", 101)]))
    confirmed = the_only(fuse([sign("health_check", 100), sign("traffic", 101, to_region=US)]))

    assert (suspected.confidence, confirmed.confidence) == (1, 2)
    assert (confirmed.from_region, confirmed.to_region) == (EU, US)


def test_the_order_in_which_evidence_arrives_does_not_matter() -> None:
    signs = [
        sign("traffic", 100, to_region=US),
        sign("health_check", 101),
        sign("alarm", 102),
        rds(103),
        rds(104),
    ]

    found = {tuple((one.id, len(one.evidence)) for one in fuse(order)) for order in permutations(signs)}

    assert len(found) == 1


def test_an_event_that_names_only_one_region_joins_what_it_fits() -> None:
    first = sign("writes", 100, layer="database", to_region=US)

    found = the_only(fuse([first, rds(99), rds(101, None, from_region=EU), rds(102, None, opens=False)]))

    assert (found.from_region, found.to_region, len(found.evidence)) == (EU, US, 4)


def test_moves_of_other_layers_regions_or_times_are_incidents_of_their_own() -> None:
    found = fuse([rds(100), sign("traffic", 100), sign("traffic", 101, from_region=AP), rds(120)])

    assert [(one.layer, one.from_region) for one in found] == [
        *(("database", None), ("routing", EU), ("routing", AP), ("database", None))
    ]


def test_traffic_that_goes_back_ends_its_incident_and_begins_none() -> None:
    away, back = sign("traffic", 100, to_region=US), sign("traffic", 170, from_region=US, to_region=EU)

    found = the_only(fuse([away, back]))

    assert found.is_undone_by(back)
    assert found.from_region == EU


def test_errors_that_the_move_of_a_database_explains_are_no_outage() -> None:
    errors = sign("errors", 101, move="outage")

    found = the_only(fuse([errors, sign("writes", 100, layer="database", to_region=US)]))

    assert (found.layer, found.kind, found.confidence) == ("database", "failover", 2)


def test_an_alarm_alone_is_no_incident() -> None:
    assert fuse([sign("alarm", 100), sign("aws_health", 100)]) == []


def test_what_begins_while_an_experiment_runs_in_its_region_is_a_drill() -> None:
    drill = sign("drill", 95, layer="drill", end=105 * MINUTE)

    inside, before = fuse([sign("traffic", 100), drill]), fuse([sign("traffic", 90), drill])
    elsewhere = fuse([sign("traffic", 100, from_region=AP), drill])

    assert [(one.kind, one.drill) for one in inside] == [("failover", True)]
    assert [(one.kind, one.drill) for one in before] == [("failover", False), ("drill", True)]
    assert [(one.kind, one.drill) for one in elsewhere] == [("drill", True), ("failover", False)]


def test_the_application_is_believed_before_events_about_when_the_role_moved() -> None:
    first_write = sign("writes", 101, layer="database", to_region=US, phase="promote", bound=5)

    found = the_only(fuse([rds(100, phase="promote"), first_write]))

    assert found.sign("promote") == first_write


def test_an_incident_has_the_same_id_when_more_is_known_of_it() -> None:
    first = sign("traffic", 100)

    assert fuse([first])[0].id == the_only(fuse([first, sign("errors", 101), sign("health_check", 102)])).id


@pytest.mark.parametrize(
    ("value", "bound", "told"),
    [
        (90, 10, "met"),
        (95, 10, "undetermined"),
        (105, 10, "undetermined"),
        (111, 10, "missed"),
        (None, None, "undetermined"),
    ],
)
def test_an_objective_is_met_or_missed_only_beyond_the_error_bound(
    value: float | None, bound: float | None, told: str
) -> None:
    assert status(value, bound, 100) == told


def test_the_first_objective_that_fits_counts() -> None:
    own = Failovers((Objective(10, 1, "failover", "database"), Objective(20, 2)))

    assert own.objective("failover", "database").rto_s == 10
    assert own.objective("switchover", "database").rto_s == 20
    assert Failovers().objective("switchover", "database").rpo_s == 0


def test_writes_of_unknown_fate_leave_the_objective_open() -> None:
    fence, five = Moment(100 * MINUTE, 0), Objective(300, 5)
    lost = recovery(Losses(lost=(100 * MINUTE - 4_000_000,)), fence, 0)
    unsure = recovery(Losses(unknown=(99 * MINUTE,)), fence, 0)

    assert (lost.rpo.s, lost.lost, rpo_status(lost, five)) == (4, 1, "met")
    assert (unsure.rpo.s, unsure.unknown, rpo_status(unsure, five)) == (0, 1, "undetermined")
    assert rpo_status(None, five) == "undetermined"
