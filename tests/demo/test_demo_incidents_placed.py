from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest
from demo_stories import aftermaths, delivered, events, requests, story
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.incident import KINDS, Kind
from demo.incident_events import happenings
from demo.incidents import placed
from demo.parameters import Parameters, wanted
from demo.regions import NAMES
from demo.shop import simulate


def test_the_default_story_has_the_game_day_in_which_replication_is_paused() -> None:
    gameday, pause = placed(Parameters())

    assert (gameday.kind, gameday.drill, pause.kind, pause.drill) == (
        "gameday",
        True,
        "replication_stall",
        True,
    )
    assert (pause.region, pause.to_region, pause.layer) == ("eu-west-1", "ap-southeast-1", "session")
    assert (pause.start, pause.end) == (gameday.start, gameday.end)


def test_a_quiet_day_has_no_incidents_and_nothing_tells_of_one() -> None:
    quiet = story(minutes=3)

    assert quiet.incidents == ()
    assert aftermaths(quiet) == []
    assert not [one for one in requests(quiet) if one.failure and one.failure.incident]
    assert not [one for one in requests(quiet) if not one.reached]
    assert not [one for one in delivered(quiet) if one.poison]
    assert {told.event["source"] for told in happenings(quiet)} == {"aws.codedeploy"}
    assert [event["detail"]["state"] for event in events(quiet, "aws.codedeploy")] == ["START", "SUCCESS"] * 3


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_can_be_placed_and_the_same_parameters_place_it_alike(kind: Kind) -> None:
    parameters = Parameters(seed=7, duration=timedelta(minutes=30), incidents=(kind,))

    found = placed(parameters)

    assert found[0].kind == kind
    assert placed(parameters) == found
    assert placed(Parameters(seed=8, duration=timedelta(minutes=30), incidents=(kind,))) != found


def test_over_the_seeds_every_layer_stalls_and_every_region_is_hit() -> None:
    stalls = [placed(Parameters(seed=seed, incidents=("replication_stall",)))[0] for seed in range(40)]
    outages = [placed(Parameters(seed=seed, incidents=("region_outage",)))[0] for seed in range(40)]

    assert {one.layer for one in stalls} == {"session", "file", "database"}
    assert {one.region for one in outages} == set(NAMES)
    assert {one.attributes["answers"] for one in outages} == {"errors", "nothing"}


def test_the_second_promotion_starts_from_the_region_to_which_the_first_went() -> None:
    first, second = placed(Parameters(incidents=("aurora_failover", "aurora_switchover")))

    assert second.region == first.to_region
    assert second.to_region != second.region


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    minutes=st.integers(1, 1440),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6).map(tuple),
)
def test_incidents_do_not_overlap_and_leave_a_baseline_before_and_time_to_recover(
    seed: int, minutes: int, kinds: tuple[Kind, ...]
) -> None:
    parameters = Parameters(seed=seed, duration=timedelta(minutes=minutes), incidents=kinds)
    start, end = parameters.start.timestamp(), parameters.end.timestamp()
    found = [one for one in placed(parameters) if "/" not in one.id]

    assert tuple(one.kind for one in found) == kinds
    assert found[0].start >= start + 0.25 * (end - start)
    for one, other in zip(found, [*(later.start for later in found[1:]), end], strict=True):
        assert one.start < one.end < other
        assert other - one.end > 0.3 * (other - one.start)
        assert one.region in NAMES
        assert one.to_region in (*NAMES, None)
        assert one.to_region != one.region


def test_what_somebody_wants_is_read_from_a_word_or_a_list() -> None:
    assert wanted("none") == "none"
    assert wanted("clock_step,gameday") == ("clock_step", "gameday")


def test_the_same_parameters_give_the_same_bytes_with_incidents_too() -> None:
    kinds: tuple[Kind, ...] = ("region_outage", "poisoned_logs")
    parameters = Parameters(duration=timedelta(minutes=3), rate=5, incidents=kinds)

    first, again = (repr(delivered(simulate(parameters))) for _ in range(2))

    assert first == again
