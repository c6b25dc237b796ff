"""Whatever an event says, nothing is raised and all is accounted for; however often it comes, it is a row."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from collector_payloads import collector, counts, sns, sqs
from events_payloads import (
    Json,
    alarm_action,
    alarm_event,
    alarm_message,
    api_call,
    cache_notification,
    committed,
    event,
    experiment,
    health,
    rds,
    region_switch,
    replication,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import tables
from store.commit import sweep
from store.objects import open_store

EVENTS: list[Json] = [
    alarm_event(),
    alarm_action(),
    alarm_message(),
    rds("RDS-EVENT-0181", "Global switchover to DB cluster shop-us in Region us-east-1 started."),
    rds("RDS-EVENT-0391", SourceType="DB_INSTANCE", region="us-east-1"),
    health("c-1"),
    health("c-2", statusCode="closed", eventRegion="ap-southeast-1"),
    region_switch("k-1"),
    region_switch("k-2", eventType="StepStarted"),
    experiment("running"),
    experiment("completed"),
    api_call("lambda", "UpdateFunctionCode20150331v2", {"functionName": "orders"}),
    {"Records": [replication("OperationMissedThreshold")]},
    cache_notification("FailoverComplete", "CacheNodesRebooted"),
    event("aws.ec2", "EC2 Instance State-change Notification", {"instance-id": "i-1", "state": "stopped"}),
    event("aws.ecs", "ECS Task State Change", {"taskArn": "t", "lastStatus": "RUNNING"}),
]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["\ud800", "\0", "arn:aws:rds:", "arn:::::", "x" * 5000, "2026-02-30T00:00:00Z", "∞"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


@st.composite
def damaged(draw: st.DrawFn) -> Json:
    """An event of which some values are others, or missing."""
    found = copy.deepcopy(draw(st.sampled_from(EVENTS)))
    for _ in range(draw(st.integers(1, 4))):
        ways = list(places(found))
        *path, last = draw(st.sampled_from(ways)) if ways else (0,)
        holder: Any = found
        for key in path:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = draw(VALUES)
        elif holder:
            del holder[last]
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_a_damaged_event_is_stored_or_quarantined_and_its_neighbours_are_stored(hurt: Json) -> None:
    there = collector(open_store("memory://"))
    neighbours = [experiment("running"), experiment("completed")]

    alone = counts(there.collect(hurt))
    elsewhere = collector(open_store("memory://"))
    bodies = [json.dumps(each) for each in (neighbours[0], hurt, neighbours[1])]
    result = elsewhere.collect(sqs(*bodies))

    assert alone["stored"] + alone["quarantined"] + alone["control"] <= 2
    assert result["batchItemFailures"] == []
    assert counts(result)["stored"] >= 2


def delivered(folder: str, deliveries: Sequence[Json]) -> list[Json]:
    """The rows of the table, without when they were collected."""
    store = open_store(folder)
    tables.ensure(store)
    for delivery in deliveries:
        counts(collector(store).collect(delivery))
    assert not sweep(store).failed
    return committed(store)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(EVENTS[3:]), min_size=1, max_size=8), st.data())
def test_events_that_come_twice_in_another_order_and_other_batches_give_the_same_rows(
    events: list[Json], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(events * 2))
    ways = [data.draw(st.sampled_from(["direct", "sqs", "sns"])) for _ in order]
    deliveries = [
        each if way == "direct" else sqs(json.dumps(each)) if way == "sqs" else sns(json.dumps(each))
        for each, way in zip(order, ways, strict=True)
    ]
    with TemporaryDirectory() as folder:
        once = delivered(f"{folder}/once", [sqs(*map(json.dumps, events))])
        assert delivered(f"{folder}/often", deliveries) == once
        assert len({(row["time"], row["region"], row["event_id"]) for row in once}) == len(once)


def test_an_alarm_told_by_all_its_ways_is_one_row_of_the_table() -> None:
    with TemporaryDirectory() as folder:
        (row,) = delivered(folder, [alarm_event(), alarm_action(), sns(json.dumps(alarm_message()))])
        assert row["subject"] == "lag"
