"""Whether a region is well, from what all signals say of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from query_rows import DAY, NOON, SECOND, put, record
from region_rows import EU, US, Row, deliver, event, metric, probes, span, spans

from queries import connect
from queries.settings import HealthRules, Settings
from store.objects import Store
from store.schema import SPANS

HOUR = timedelta(hours=1)
RULES = HealthRules(judged_from=10)


def health(store: Store, regions: tuple[str, ...] = (), rules: HealthRules = RULES) -> list[Row]:
    """The hour that ends 10 minutes after noon."""
    with connect(store, settings=Settings(regions=regions, health=rules)) as session:
        found = session.health(until=NOON + 10 * 60 * SECOND)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def of(rows: list[Row], region: str, service: str | None = None) -> Row:
    (row,) = [row for row in rows if (row["region"], row["service"]) == (region, service)]
    return row


def answered(
    number: int, status: int = 200, region: str = EU, at: datetime = NOON, **columns: Any
) -> list[Row]:
    """Lines of an access log."""
    told = {"service": "shop", "log_group": "/aws/apigateway/shop", "duration_ms": 10.0, **columns}
    return [record(at + each * SECOND / 10, region, http_status=status, **told) for each in range(number)]


def check(store: Store, id: str, healthy: float) -> None:
    metric(store, "AWS/Route53/HealthCheckStatus", 1, healthy, statistic="minimum", region=US, resource=id)


def test_without_any_data_every_configured_region_is_unknown(local_store: Store) -> None:
    rows = health(local_store, (EU, US))

    assert [(row["region"], row["service"], row["state"]) for row in rows] == [
        (EU, None, "unknown"),
        (US, None, "unknown"),
    ]
    assert {tuple(row["reasons"]) for row in rows} == {("there is no data",)}
    assert {row["requests"] for row in rows} == {None}


def test_a_region_that_went_silent_is_unknown_beside_one_that_answers(local_store: Store) -> None:
    put(local_store, *answered(20), *answered(20, region=US, at=NOON - HOUR / 2))

    rows = health(local_store)

    assert [(row["region"], row["service"], row["state"]) for row in rows] == [
        (US, None, "unknown"),
        (US, "shop", "unknown"),
        (EU, None, "healthy"),
        (EU, "shop", "healthy"),
    ]
    assert rows[0]["reasons"] == ["the newest data is 40 minutes old"]


def test_requests_that_three_signals_tell_of_are_counted_once(local_store: Store) -> None:
    put(local_store, *answered(17), *answered(2, 502))
    metric(local_store, "AWS/ApiGateway/Count", 12, 8, resource="shop", attributes=[("Stage", "prod")])
    metric(local_store, "AWS/ApiGateway/5XXError", 1, 1, resource="shop", attributes=[("Stage", "prod")])
    spans(local_store, 5, service="shop/prod", http_status=200)

    row = of(health(local_store), EU, "shop")

    assert (row["requests"], row["errors"], row["error_ratio"], row["counted_by"]) == (20, 2, 0.1, "metrics")
    assert row["state"] == "degraded"
    assert row["reasons"] == ["10.0% of 20 requests failed", "10.5% of 19 log records are errors"]


def test_a_service_of_the_name_of_an_api_is_not_the_api(local_store: Store) -> None:
    put(local_store, *answered(20))
    spans(local_store, 12, service="shop/prod", http_status=200)
    spans(local_store, 11, service="shop", http_status=200)

    counted = {row["service"]: (row["requests"], row["counted_by"]) for row in health(local_store)}

    assert counted == {None: (None, None), "shop": (20, "logs"), "shop/prod": (12, "spans")}


def test_each_set_of_dimensions_of_a_metric_counts_everything_so_one_is_taken(local_store: Store) -> None:
    for attributes in ([], [("Stage", "prod")], [("Stage", "prod"), ("Method", "GET"), ("Resource", "/")]):
        metric(local_store, "AWS/ApiGateway/Count", 30, resource="shop", attributes=attributes)
    for resource, attributes in ((None, []), ("orders", []), ("orders", [("Resource", "orders:live")])):
        metric(local_store, "AWS/Lambda/Invocations", 40, resource=resource, attributes=attributes)
    metric(local_store, "AWS/ApplicationELB/RequestCount", 50, resource="app/web/5")
    metric(
        local_store,
        "AWS/ApplicationELB/HTTPCode_Target_5XX_Count",
        *(5,),
        resource="targetgroup/web/6",
        attributes=[("LoadBalancer", "app/web/5")],
    )

    rows = health(local_store)

    assert {row["service"]: (row["requests"], row["errors"]) for row in rows if row["service"]} == {
        "shop": (30, None),
        "orders": (40, None),
        "web": (50, 5),
    }


def test_alb_counts_nothing_where_it_publishes_no_point_but_lambda_is_unknown(local_store: Store) -> None:
    metric(local_store, "AWS/ApplicationELB/RequestCount", 50, resource="app/web/5")
    metric(local_store, "AWS/Lambda/Invocations", 40, resource="orders")

    rows = health(local_store)

    assert (of(rows, EU, "web")["error_ratio"], of(rows, EU, "web")["state"]) == (0.0, "healthy")
    assert (of(rows, EU, "orders")["error_ratio"], of(rows, EU, "orders")["state"]) == (None, "unknown")


def test_a_status_in_the_log_of_a_function_is_no_request_but_its_errors_count(local_store: Store) -> None:
    lines = answered(20, 503, service="orders", log_group="/aws/lambda/shop-orders")
    put(local_store, *lines, *answered(5, service="d1.cloudfront.net", log_group="s3://cdn"))

    rows = health(local_store)

    row = of(rows, EU, "shop-orders")
    assert (row["requests"], row["log_errors"], row["log_error_ratio"]) == (None, 20, 1.0)
    assert (row["state"], row["reasons"]) == ("degraded", ["100.0% of 20 log records are errors"])
    assert of(rows, EU, "d1.cloudfront.net")["requests"] is None


def test_two_spans_of_one_invocation_are_one_request(local_store: Store) -> None:
    spans(local_store, 12, service="orders", http_status=200, duration_ms=30.0)
    spans(local_store, 10, service="orders", duration_ms=20.0)
    spans(local_store, 2, service="orders", duration_ms=20.0, status_code="ERROR", at=NOON + 5 * SECOND)
    spans(local_store, 30, service="orders", kind="CLIENT")

    row = of(health(local_store), EU, "orders")

    assert (row["requests"], row["errors"], row["counted_by"], row["p50_ms"]) == (12, 2, "spans", 30.0)


def test_an_error_of_a_span_with_a_status_is_a_status_of_5xx(local_store: Store) -> None:
    spans(local_store, 18, service="web", http_status=404, status_code="ERROR")
    spans(local_store, 2, service="web", http_status=500, status_code="ERROR", at=NOON + 5 * SECOND)

    assert of(health(local_store), EU, "web")["errors"] == 2


def test_percentiles_are_of_single_requests_never_of_the_periods_of_a_metric(local_store: Store) -> None:
    metric(local_store, "AWS/Lambda/Invocations", 40, resource="orders")
    metric(local_store, "AWS/Lambda/Duration", 700.0, resource="orders", statistic="p99", unit="ms")

    assert of(health(local_store), EU, "orders")["p99_ms"] is None

    deliver(
        local_store,
        SPANS,
        [span(number, service="orders", duration_ms=number + 1.0) for number in range(100)],
    )

    row = of(health(local_store), EU, "orders")
    assert row["counted_by"] == "spans"
    assert [round(row[name], 2) for name in ("p50_ms", "p95_ms", "p99_ms")] == [50.5, 95.05, 99.01]


def test_throttles_and_headroom(local_store: Store) -> None:
    metric(local_store, "AWS/Lambda/Invocations", 90, resource="orders")
    metric(local_store, "AWS/Lambda/Errors", 0, resource="orders")
    metric(local_store, "AWS/Lambda/Throttles", 10, resource="orders")
    metric(
        local_store,
        "AWS/DynamoDB/ThrottledRequests",
        3,
        resource="sessions",
        attributes=[("Operation", "Query")],
    )
    metric(local_store, "AWS/Lambda/ClaimedAccountConcurrency", 700, 950, statistic="maximum")

    unlimited = of(health(local_store), EU)
    rows = health(local_store, rules=replace(RULES, concurrency=1000))

    assert (unlimited["claimed_concurrency"], unlimited["headroom"]) == (950, None)
    assert (of(rows, EU)["throttles"], round(of(rows, EU)["headroom"], 3)) == (3, 0.05)
    assert of(rows, EU)["reasons"] == ["1 of 1 services are not healthy", "5% of the concurrency is left"]
    assert of(rows, EU, "orders")["reasons"] == ["10 requests were throttled"]


def test_an_unhealthy_check_of_a_region_takes_it_down_even_without_data(local_store: Store) -> None:
    check(local_store, "check-of-eu", 0)
    put(local_store, *answered(20, region=US))

    rows = health(local_store, (EU, US), replace(RULES, checks={"check-of-eu": EU}))

    assert (rows[0]["region"], rows[0]["state"]) == (EU, "down")
    assert rows[0]["reasons"] == ["health check check-of-eu is unhealthy"]
    (checked,) = rows[0]["checks"]
    assert (checked["healthy"], checked["unhealthy_minutes"]) == (False, 1)


@pytest.mark.parametrize(
    "told",
    [
        {"subject": "c-1", "attributes": [("aws.state.source", "health_check")]},
        {
            "subject": "Z1 shop.example",
            "attributes": [("aws.state.source", "routing"), ("health_check", "c-1")],
        },
    ],
)
def test_the_latest_event_tells_which_region_a_check_is_about(local_store: Store, told: Row) -> None:
    check(local_store, "c-1", 1)
    event(local_store, "health_check", NOON - 20 * DAY, **{**told, "region": US})
    event(local_store, "health_check", NOON - 10 * DAY, **told)

    rows = health(local_store)

    assert [each["id"] for each in of(rows, EU)["checks"]] == ["c-1"]
    assert of(rows, US)["checks"] == []


def test_a_check_of_no_known_region_is_shown_where_it_cannot_be_overlooked(local_store: Store) -> None:
    check(local_store, "c-1", 1)

    row = health(local_store, (EU,))[-1]

    assert (row["region"], row["state"], [each["id"] for each in row["checks"]]) == (
        "global",
        "unknown",
        ["c-1"],
    )
    assert "[health.checks]" in row["reasons"][0]


def test_freshness_tells_of_each_signal_how_old_its_newest_row_is(local_store: Store) -> None:
    put(local_store, record(NOON + 60 * SECOND, observed_time=NOON + 90 * SECOND, service="shop"))
    put(local_store, record(NOON, observed_time=NOON + 99 * SECOND, service="other"))
    spans(local_store, 1, service="shop")
    event(local_store, "alarm", NOON - 60 * SECOND)
    metric(local_store, "any", 1)
    probes(local_store, 1.0)

    freshness = of(health(local_store), EU)["freshness"]

    assert [(each["signal"], each["age_s"], each["received_age_s"]) for each in freshness] == [
        ("events", 660.0, 659.0),
        ("logs", 540.0, 501.0),
        ("metrics", 600.0, 599.0),
        ("probes", 600.0, 599.0),
        ("spans", 600.0, 599.0),
    ]


def test_what_happened_outside_the_span_does_not_count(local_store: Store) -> None:
    before, after = NOON - HOUR, NOON + HOUR
    put(local_store, *answered(3, at=before), *answered(3, at=after))
    spans(local_store, 3, at=after, service="shop")
    metric(local_store, "AWS/Lambda/Invocations", 9, resource="orders", at=before)

    assert health(local_store) == []
