"""Wrong clocks, a silent collector and a poisoned source: what goes wrong with the signals themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from demo_payloads import distinct
from demo_stories import aftermaths, delivered, requests, story

from collector.handler import Collector
from demo.clocks import OFFSETS
from demo.incident import Incident, Kind
from demo.shop import Simulation
from demo.spans import spans
from demo.truth import Truth
from store import tables
from store.objects import open_store
from store.zone import Zone


def only(kind: Kind, seed: int = 1) -> tuple[Simulation, Incident]:
    simulation = story(kind, seed=seed, minutes=4, rate=5)
    (incident,) = simulation.incidents
    return simulation, incident


@pytest.mark.parametrize("kind", ["clock_step", "clock_drift"])
def test_a_clock_is_wrong_while_the_incident_lasts_and_only_in_its_region(kind: Kind) -> None:
    simulation, incident = only(kind)
    clocks, region = simulation.clocks, incident.region
    wrong, middle = OFFSETS[region], (incident.start + incident.end) / 2

    assert clocks.offset(region, incident.start - 1) == clocks.offset(region, incident.end) == wrong
    assert abs(clocks.offset(region, middle) - wrong) > 0.05
    for other in OFFSETS.keys() - {region}:
        assert clocks.offset(other, middle) == OFFSETS[other]


def test_a_clock_that_drifts_goes_wrong_little_by_little() -> None:
    simulation, incident = only("clock_drift")
    wrong, rate = OFFSETS[incident.region], float(incident.attributes["ppm"]) / 1e6

    for seconds in (0.0, 20.0, 60.0):
        ahead = simulation.clocks.offset(incident.region, incident.start + seconds) - wrong
        assert ahead == pytest.approx(rate * seconds)


@pytest.mark.parametrize("kind", ["clock_step", "clock_drift"])
def test_everything_a_region_writes_is_stamped_by_its_clock(kind: Kind) -> None:
    simulation, incident = only(kind)
    story_of_it = [one for one in requests(simulation) if one.region == incident.region and not one.edge_id]
    lines = {
        json.loads(event.message)["requestId"]: event.time
        for event in distinct(delivered(simulation))
        if event.region == incident.region and "apigateway" in event.group and event.message.startswith("{")
    }
    if lines:  # the third region writes the Common Log Format
        for one in story_of_it:
            stamped = simulation.clocks.stamp(one.region, one.end) * 1000
            assert lines[one.request_id] == pytest.approx(stamped, abs=1.001)
    for one in story_of_it[::20]:
        for span in spans(one):
            start, end = span.stamped(simulation.clocks)
            assert start == simulation.clocks.stamp(span.region, span.start)
            assert end - start == pytest.approx(span.end - span.start, abs=1e-5)


def test_the_truth_has_the_offset_of_each_request_and_of_the_incident() -> None:
    simulation, incident = only("clock_step")
    (after,) = aftermaths(simulation)
    ahead = float(incident.attributes["seconds"]) * 1000

    before, begun, last, over = (one["offset_ms"] for one in after["clock"])
    assert begun - before == pytest.approx(ahead)
    assert last == begun
    assert over == before
    for record in Truth(simulation).requests():
        off = record["clock_offset_ms"] - OFFSETS[record["region"]] * 1000
        assert off == 0 or (record["region"] == incident.region and off == pytest.approx(ahead))


def test_a_silent_collector_gets_later_what_others_get_meanwhile_and_loses_nothing() -> None:
    simulation, incident = only("silent_collector")
    told = delivered(simulation)
    start, end = incident.start, incident.end
    late = [
        place for place, one in enumerate(told) if one.region == incident.region and incident.lasts(one.time)
    ]
    first_after = next(place for place, one in enumerate(told) if one.time >= end)

    assert late
    assert min(late) > first_after - 10  # up to so many deliveries overtake each other anyway
    assert {one.region for one in told if start <= one.time < end} == set(OFFSETS)
    quiet = delivered(story(minutes=4, rate=5))
    assert distinct(told) == distinct(quiet)


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_a_poisoned_source_mixes_what_nobody_can_read_with_the_logs(seed: int) -> None:
    simulation, incident = only("poisoned_logs", seed)
    poisoned = [one for one in delivered(simulation) if one.poison]

    assert sum(one.poison for one in poisoned) >= (incident.end - incident.start) / 5 - 2
    assert {one.region for one in poisoned} == {incident.region}
    assert all(incident.start <= one.time <= incident.end + 65 for one in poisoned)
    once = sum(one.log_events - one.duplicates for one in delivered(simulation))
    assert once == len(distinct(delivered(story(seed=seed, minutes=4, rate=5))))


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_a_collector_puts_what_is_poison_into_quarantine_and_stores_its_neighbours(
    seed: int, tmp_path: Path
) -> None:
    simulation, incident = only("poisoned_logs", seed)
    store = open_store(str(tmp_path))
    tables.ensure(store)
    collector = Collector(incident.region, store, lambda region: Zone("open"))

    for delivery in [one for one in delivered(simulation) if one.poison][:2]:
        answer = collector.collect(delivery.event)
        counts = answer.get("regionscope", answer)
        assert counts["quarantined"] == delivery.poison
        assert counts["received"] == delivery.log_events + delivery.controls + delivery.poison
