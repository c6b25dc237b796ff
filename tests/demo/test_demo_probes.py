from __future__ import annotations

import math
from datetime import timedelta

from demo.clocks import Clocks
from demo.incident import Kind
from demo.probes import INTERVAL, Probe, probes, row
from demo.regions import NAMES, WRITER
from demo.shop import Parameters, Simulation, simulate

STORY = simulate(Parameters())


def lags(simulation: Simulation, resource: str, start: float, end: float) -> dict[tuple[str, str], float]:
    """The largest true lag per pair of regions among the probes of a resource written in that time."""
    found: dict[tuple[str, str], float] = {}
    for probe in probes(simulation):
        if probe.kind.name == resource and start <= probe.written < end:
            pair = probe.source, probe.target
            found[pair] = max(probe.lag, found.get(pair, 0.0))
    return found


def story(*kinds: Kind, seed: int = 1) -> Simulation:
    return simulate(Parameters(seed=seed, duration=timedelta(minutes=30), incidents=kinds))


def test_every_store_is_probed_each_minute_between_every_two_regions_it_replicates_between() -> None:
    told = list(probes(STORY))
    minutes = STORY.parameters.duration.total_seconds() / INTERVAL

    for resource, pairs in (("shop-sessions", 6), ("shop-files", 6), ("shop", 2)):
        mine = [probe for probe in told if probe.kind.name == resource]
        assert len(mine) == minutes * pairs
    assert {probe.source for probe in told if probe.kind.name == "shop"} == {WRITER}
    assert {probe.target for probe in told} == set(NAMES)


def test_the_true_lag_is_within_the_bound_of_the_measured_one() -> None:
    for probe in probes(STORY):
        told = row(probe, Clocks())
        if told["outcome"] == "visible":
            assert abs(told["lag_ms"] - probe.lag * 1000) <= told["error_bound_ms"] + 1e-6
        else:
            assert probe.lag > 30
            assert (told["lag_ms"], told["error_bound_ms"]) == (None, None)


def test_the_drill_shows_in_the_probes_of_its_pair_alone() -> None:
    (drill,) = (one for one in STORY.incidents if one.kind == "replication_stall")
    seen = lags(STORY, "shop-sessions", drill.start, drill.start + INTERVAL)
    pair = drill.region, drill.to_region

    assert seen.pop(pair) > 20  # type: ignore[call-overload]
    assert max(seen.values()) < 10


def test_a_region_that_is_out_is_cut_off_from_the_others_both_ways() -> None:
    simulation = story("region_outage")
    (outage,) = simulation.incidents
    seen = lags(simulation, "shop-sessions", outage.start, outage.end - INTERVAL)

    assert {pair for pair, lag in seen.items() if lag > INTERVAL} == {
        pair for pair in seen if outage.region in pair
    }


def test_after_a_promotion_the_probes_of_the_database_are_written_in_the_new_primary() -> None:
    simulation = story("aurora_failover")
    (failover,) = simulation.incidents
    moments = failover.moments

    def sources(start: float, end: float) -> set[str]:
        return {source for source, _ in lags(simulation, "shop", start, end)}

    assert sources(0, failover.start) == {WRITER}
    assert sources(moments["fence"], moments["promote"]) == set()
    assert sources(moments["promote"], math.inf) == {failover.to_region}


def test_a_probe_that_never_arrives_times_out() -> None:
    lost = Probe(next(iter(probes(STORY))).kind, "eu-west-1", "us-east-1", "key", 0.0, math.inf, 50.0, None)

    assert row(lost, Clocks())["outcome"] == "timeout"
