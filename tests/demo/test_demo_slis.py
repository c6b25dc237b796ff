"""The true service levels against what single requests say."""

from __future__ import annotations

from demo_stories import requests, story

from demo.slis import availability, fresh_reads, own_writes_read


def test_of_all_requests_those_without_a_server_error_are_good_and_those_without_an_answer_do_not_count() -> (
    None
):
    simulation = story("region_outage")
    told = requests(simulation)
    counts = availability(told, simulation.clocks).values()

    assert sum(one.valid for one in counts) == sum(one.reached for one in told)
    assert sum(one.good for one in counts) == sum(one.reached and one.status < 500 for one in told)
    assert sum(one.unanswered for one in counts) == sum(not one.reached for one in told)


def test_a_stall_of_the_sessions_makes_stale_reads_where_they_do_not_arrive() -> None:
    simulation = story("replication_stall", seed=2)
    (stall,) = simulation.incidents
    told, stale = requests(simulation), {}
    for (layer, region, minute), count in fresh_reads(told, simulation.clocks).items():
        assert 0 <= count.good <= count.valid
        if layer == stall.layer and stall.start - 60 < minute < stall.end:
            stale[region] = stale.get(region, 0) + count.valid - count.good
    shown = [one for one in told if one.failure and one.failure.incident == stall.id]

    assert stale[stall.to_region] >= len(shown)


def test_who_reads_what_they_wrote_is_a_part_of_who_reads_what_is_fresh() -> None:
    simulation = story(minutes=3)
    told, clocks = requests(simulation), simulation.clocks
    fresh, own = fresh_reads(told, clocks), own_writes_read(told, clocks)

    assert own.keys() <= fresh.keys()
    for place, count in own.items():
        assert count.valid <= fresh[place].valid
        assert count.valid - count.good <= fresh[place].valid - fresh[place].good
