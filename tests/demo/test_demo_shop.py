from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.regions import NAMES, WRITER
from demo.requests import Call, Request
from demo.shop import DEMO_USER, Parameters, Simulation, simulate
from demo.truth import Truth

WINDOW = Parameters()


def calls(story: list[Request], kind: str, resource: str | None = None) -> list[tuple[Request, Call]]:
    return [
        (request, call)
        for request in story
        for call in request.calls
        if call.kind == kind and resource in (None, call.resource)
    ]


def failures(story: list[Request], cause: str, layer: str) -> list[Request]:
    return [
        request
        for request in story
        if request.failure and (request.failure.cause, request.failure.layer) == (cause, layer)
    ]


def unseen_writes(story: list[Request], key: str, region: str, time: float) -> list[Call]:
    """Writes of a key that were acknowledged by then, but had not arrived in the region."""
    return [
        call
        for _, call in calls(story, "write")
        if call.key == key and call.visible and call.end <= time < call.visible[region]
    ]


def ancestors(writes: Mapping[str | None, Call], version: str) -> set[str | None]:
    """The versions that a version was written knowing."""
    known: set[str | None] = set()
    name: str | None = version
    while name in writes:
        name = writes[name].based_on
        known.add(name)
    return known


def truth(simulation: Simulation) -> list[dict[str, Any]]:
    return list(Truth(simulation).requests())


def test_the_same_parameters_tell_the_same_story_and_another_seed_another() -> None:
    small = Parameters(duration=timedelta(seconds=20))
    simulation = simulate(small)
    told = truth(simulation)

    assert truth(simulation) == told
    assert truth(simulate(small)) == told
    assert truth(simulate(Parameters(seed=2, duration=small.duration))) != told


def test_the_ground_truth_is_one_json_object_per_request() -> None:
    small = simulate(Parameters(duration=timedelta(seconds=20)))
    records = [json.loads(json.dumps(record)) for record in truth(small)]
    requests = list(small.requests())

    assert len(records) == len(requests)
    for record, request in zip(records, requests, strict=True):
        assert record["user_id"] == request.user.id
        assert record["trace_id"] == request.trace_id
        assert (record["failure"] is None) == (request.status < 400)
        assert datetime.fromisoformat(record["start"]).timestamp() == pytest.approx(request.start, abs=1e-5)
        assert len(record["calls"]) == len(request.calls)


def test_the_rate_is_met_and_every_region_serves(story: list[Request]) -> None:
    assert len(story) == pytest.approx(WINDOW.rate * WINDOW.duration.total_seconds(), rel=0.1)
    regions = Counter(request.region for request in story)
    assert set(regions) == set(NAMES)
    assert min(regions.values()) > len(story) / 8


def test_requests_start_within_the_window_and_are_told_in_the_order_of_their_answers(
    story: list[Request],
) -> None:
    assert all(WINDOW.start.timestamp() <= request.start < WINDOW.end.timestamp() for request in story)
    assert all(0 < request.duration < 29 for request in story)
    assert [request.end for request in story] == pytest.approx(sorted(request.end for request in story))


def test_one_to_three_percent_fail_and_for_every_reason(story: list[Request]) -> None:
    causes = Counter(request.failure.cause for request in story if request.failure)

    assert 0.01 < sum(causes.values()) / len(story) < 0.03
    assert set(causes) == {
        "code",
        "stale_read",
        "lost_update",
        "local_only",
        "dependency_timeout",
        "throttled",
    }
    assert all(request.failed == (request.status >= 400) for request in story)


def test_the_demo_user_travels_and_has_errors_in_at_least_two_regions(story: list[Request]) -> None:
    mine = [request for request in story if request.user.id == DEMO_USER]

    assert any(request.came_from for request in mine)
    assert len({request.region for request in mine if request.failed}) >= 2


def test_a_user_who_moves_is_served_in_several_regions_and_most_users_stay_at_home(
    story: list[Request],
) -> None:
    regions = defaultdict(set)
    for request in story:
        regions[request.user.id].add(request.region)
    moved = {request.user.id for request in story if request.came_from not in (None, request.region)}

    assert moved
    assert all(request.looked_up for request in story if request.came_from)
    assert sum(len(seen) == 1 for seen in regions.values()) > 0.9 * len(regions)
    assert any(len(regions[user]) == 3 for user in moved)


def test_ids_are_unique(story: list[Request]) -> None:
    for name in ("number", "trace_id", "request_id", "extended_request_id"):
        assert len({getattr(request, name) for request in story}) == len(story)
    runs = [request.invocation.request_id for request in story if request.invocation]
    assert len(set(runs)) == len(runs)


def test_a_read_returns_the_last_write_that_had_arrived_in_its_region(story: list[Request]) -> None:
    writes = defaultdict(list)
    for _, call in calls(story, "write"):
        writes[call.resource, call.key].append(call)
    checked = 0
    for _, read in calls(story, "read"):
        known = writes[read.resource, read.key]
        arrived = [call for call in known if call.visible and call.visible[read.region] <= read.end]
        if arrived and read.resource != "shop-file-tracker":  # whose second write is not a request's
            checked += 1
            assert read.version == max(arrived, key=lambda call: call.end).version
    assert checked > 1000


def test_a_stale_read_is_of_a_write_that_had_not_arrived(story: list[Request]) -> None:
    session, database = (failures(story, "stale_read", layer) for layer in ("session", "database"))
    assert session
    assert database
    for request in (*session, *database):
        read = next(call for call in reversed(request.calls) if call.kind == "read")
        assert unseen_writes(story, read.key, request.region, read.end)


def test_a_lost_update_was_overwritten_by_a_write_that_did_not_know_it(story: list[Request]) -> None:
    lost = failures(story, "lost_update", "session")
    assert lost
    for request in lost:
        assert request.failure
        read = next(call for call in request.calls if call.kind == "read")
        named = request.failure.message.split()
        gone, winner = named[named.index("as") + 1], named[-1]
        writes = {call.version: call for _, call in calls(story, "write") if call.key == read.key}
        assert read.version == winner
        assert writes[winner].end > writes[gone].end
        assert gone not in ancestors(writes, winner)


def test_a_local_only_file_is_still_on_its_way(story: list[Request]) -> None:
    failed = failures(story, "local_only", "file")
    assert failed
    for request in failed:
        read = request.calls[-1]
        assert read.version is None
        assert unseen_writes(story, read.key, request.region, read.end)


def test_the_fallback_reads_a_local_only_file_where_it_was_written(story: list[Request]) -> None:
    fallbacks = [
        (request, call)
        for request, call in calls(story, "read", "shop-files")
        if call.region != request.region
    ]
    assert fallbacks
    for request, call in fallbacks:
        tracked = next(one for one in request.calls if one.resource == "shop-file-tracker")
        assert tracked.state == "local_only"
        assert not request.failed
        assert call.version
        assert call.version.endswith(call.region)


def test_orders_are_written_in_the_writer_region_wherever_the_request_came_in(story: list[Request]) -> None:
    writes = calls(story, "write", "shop")

    assert {call.region for _, call in writes} == {WRITER}
    assert {request.region for request, _ in writes} == set(NAMES)
    far = [call.duration for request, call in writes if request.region == "ap-southeast-1"]
    near = [call.duration for request, call in writes if request.region == WRITER]
    assert median(far) > median(near) + 0.15


@pytest.mark.parametrize(
    ("resource", "low", "high"),
    [("shop-sessions", 0.7, 1.1), ("shop-files", 10, 14), ("shop", 0.2, 0.3)],
)
def test_replication_lags_are_those_of_the_service(
    story: list[Request], resource: str, low: float, high: float
) -> None:
    lags = [
        time - call.end
        for _, call in calls(story, "write", resource)
        for region, time in (call.visible or {}).items()
        if region != call.region
    ]

    assert low < median(lags) < high
    assert min(lags) > 0


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    start=st.floats(1e9, 3e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    seconds=st.integers(1, 30),
    rate=st.floats(0.2, 30),
)
def test_any_parameters_tell_a_story_within_their_window(
    seed: int, start: datetime, seconds: int, rate: float
) -> None:
    window = Parameters(seed, start, timedelta(seconds=seconds), rate)
    for request in simulate(window).requests():
        assert window.start.timestamp() <= request.start < window.end.timestamp()
        assert request.failed == (request.status >= 400)
        assert request.region in NAMES
        assert all(request.start <= call.start and call.end <= request.end for call in request.calls)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"start": datetime(2026, 1, 1)}, "start is 2026-01-01T00:00:00: it must have a time zone"),  # noqa: DTZ001
        ({"duration": timedelta(0)}, "duration is 0:00:00: it must be positive"),
        ({"rate": 0.0}, "rate is 0.0: it must be positive"),
        ({"incidents": ("earthquake",)}, "incidents has 'earthquake': each must be one of region_outage, "),
    ],
)
def test_wrong_parameters_are_named(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Parameters(**wrong)  # type: ignore[arg-type]
