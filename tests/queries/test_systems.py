"""What arrives of each system, and what is missing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from query_rows import NOON, SECOND, put, record

from queries import connect
from queries.systems import Received, State, signals, states
from store import segments
from store.commit import commit
from store.layout import content_id
from store.objects import Store
from store.schema import TABLES, Table, arrow_schema

REGIONS = ("eu-west-1", "us-east-1")
SINCE = NOON - 3600 * SECOND


def deliver(store: Store, table: Table, **columns: Any) -> None:
    """One row, committed."""
    row = {"time": NOON, "observed_time": NOON + SECOND, "region": "eu-west-1", "day": NOON.date(), **columns}
    schema = arrow_schema(table).append(pa.field("region", pa.string())).append(pa.field("day", pa.date32()))
    rows = pa.Table.from_pylist([row], schema)
    assert commit(store, segments.write(store, table, rows, content_id([repr(row).encode()])).files).rows == 1


def metric(store: Store, name: str, **columns: Any) -> None:
    deliver(store, TABLES["metrics"], name=name, series=name, **columns)


def state(store: Store, system: str, signal: str, since: datetime = SINCE) -> State:
    with connect(store) as session:
        found = [
            each for each in states(session, REGIONS, since) if (each.system, each.signal) == (system, signal)
        ]
    assert len(found) == 1
    return found[0]


def test_on_an_empty_store_every_signal_is_missing_with_a_reason_and_a_next_step(local_store: Store) -> None:
    with connect(local_store) as session:
        found = states(session, REGIONS, SINCE)

    assert [(each.system, each.signal) for each in found] == [(each.system, each.name) for each in signals()]
    for each in found:
        assert (each.received, bool(each.missing)) == ((), True)
        assert each.reason
        assert each.next


def test_what_was_received_is_told_with_its_region_and_times_the_latest_first(local_store: Store) -> None:
    metric(local_store, "AWS/Lambda/Errors")
    metric(local_store, "AWS/Lambda/Invocations", observed_time=NOON + 9 * SECOND)
    metric(local_store, "AWS/Lambda/Errors", region="us-east-1", observed_time=NOON + 5 * SECOND)

    found = state(
        local_store,
        "API Gateway, ALB, Lambda, CloudFront, SQS, Cognito",
        "Lambda metrics, throttles and concurrency headroom",
    )

    assert found.received == (
        Received("eu-west-1", NOON + 9 * SECOND, NOON),
        Received("us-east-1", NOON + 5 * SECOND, NOON),
    )
    assert (found.missing, found.reason, found.next) == ((), None, None)


def test_a_region_that_sends_nothing_of_the_table_is_told_apart_from_one_without_the_signal(
    local_store: Store,
) -> None:
    metric(local_store, "AWS/Lambda/Errors")
    system, signal = "API Gateway, ALB, Lambda, CloudFront, SQS, Cognito", "SQS metrics"

    both = state(local_store, system, signal)
    metric(local_store, "AWS/Lambda/Errors", region="us-east-1")
    after = state(local_store, system, signal)

    assert both.reason == "nothing of metrics came from us-east-1 since 2026-03-01 11:00Z"
    assert both.next == "run its metrics collector: [metrics] in regionscope.toml"
    assert after.reason == "metrics do come from eu-west-1, us-east-1, none of them about this"
    assert after.next == "no queue of this region was used within six hours"


def test_what_aws_publishes_in_one_region_is_missing_only_there(local_store: Store) -> None:
    metric(local_store, "AWS/Route53/HealthCheckStatus", region="eu-west-1")

    assert state(local_store, "Route 53", "health checks").missing == ("us-east-1",)

    metric(local_store, "AWS/Route53/HealthCheckStatus", region="us-east-1")

    assert state(local_store, "Route 53", "health checks").missing == ()


def test_what_any_region_may_send_is_not_missing_once_one_did(local_store: Store) -> None:
    deliver(local_store, TABLES["events"], kind="drill", event_id="e", region="us-east-1")

    assert state(local_store, "Promotion, active-active, GameDays", "drills").missing == ()


def test_what_came_before_the_span_is_missing(local_store: Store) -> None:
    put(local_store, record(NOON, log_group="/aws/lambda/orders"))
    system, signal = "API Gateway, ALB, Lambda, CloudFront, SQS, Cognito", "Lambda platform logs"

    assert state(local_store, system, signal).missing == ("us-east-1",)
    assert state(local_store, system, signal, since=NOON + SECOND).missing == REGIONS


@pytest.mark.parametrize("signal", signals(), ids=lambda signal: f"{signal.system}: {signal.name}")
def test_every_signal_says_where_it_is_expected(signal: Any) -> None:
    assert signal.table in TABLES
    assert signal.regions in ("each", "any", "us-east-1")
