"""The metrics and events of the shop, as AWS would deliver them."""

from __future__ import annotations

import base64
import json
from statistics import fmean
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from demo.account import Account
from demo.clocks import Clocks
from demo.couriers import Delivery
from demo.metrics import MINUTE
from demo.requests import Request
from demo.shop import Simulation


def json_points(signalled: list[Delivery]) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for delivery in signalled
        if (delivery.region, delivery.trigger) == ("us-east-1", "firehose")
        for record in delivery.event["records"]
        for line in base64.b64decode(record["data"]).splitlines()
    ]


def events(signalled: list[Delivery], source: str) -> list[dict[str, Any]]:
    found = {d.event["id"]: d.event for d in signalled if d.event.get("source") == source}
    return sorted(found.values(), key=lambda event: event["time"])


def test_each_region_has_its_metrics_in_its_own_way(signalled: list[Delivery], account: Account) -> None:
    streamed = {one.region for one in signalled if one.trigger == "firehose"}

    assert streamed == {"us-east-1", "ap-southeast-1"}
    assert account.metrics.series("eu-west-1")


def test_the_requests_measured_are_those_the_shop_answered(
    signalled: list[Delivery], short_story: list[Request]
) -> None:
    counted: dict[int, float] = {
        point["timestamp"]: point["value"]["sum"]
        for point in json_points(signalled)
        if (point["namespace"], point["metric_name"]) == ("AWS/ApiGateway", "Count")
    }
    mine = [one for one in short_story if one.region == "us-east-1" and not one.edge_id]

    assert sum(counted.values()) == len(mine)
    for begun, count in counted.items():
        assert count == sum(
            begun <= Clocks().stamp(one.region, one.end) * 1000 < begun + 60_000 for one in mine
        )


def test_replication_is_measured_from_the_true_lags_where_aws_publishes_it(
    short_story: list[Request], account: Account
) -> None:
    (series,) = (
        one
        for one in account.metrics.series("eu-west-1")
        if dict(one.dimensions) == {"TableName": "shop-sessions", "ReceivingRegion": "us-east-1"}
    )
    writes = [
        call
        for request in short_story
        for call in request.calls
        if (call.resource, call.kind, call.region) == ("shop-sessions", "write", "eu-west-1")
    ]
    assert series.unit == "Milliseconds"
    for minute in range(int(short_story[0].start // MINUTE * MINUTE), int(short_story[-1].end), MINUTE):
        seen = [call for call in writes if minute <= (call.visible or {})["us-east-1"] < minute + MINUTE]
        point = account.metrics.point(series, minute)
        assert (point is None) == (not seen)
        if point:
            lags = [((call.visible or {})["us-east-1"] - call.start - call.duration) * 1000 for call in seen]
            assert point.statistic("Average") == pytest.approx(fmean(lags))
            assert point.statistic("Maximum") == pytest.approx(max(lags))


def test_the_drill_delays_what_was_written_while_it_lasted(
    short: Simulation, short_story: list[Request]
) -> None:
    (drill,) = (one for one in short.incidents if one.kind == "replication_stall")
    lags = [
        (call.visible or {})[drill.to_region or ""] - call.end
        for request in short_story
        for call in request.calls
        if (call.resource, call.kind, call.region) == ("shop-sessions", "write", drill.region)
        and drill.start <= call.start < drill.end - 10
    ]

    assert lags
    assert min(lags) > 9


def test_otlp_streams_are_requests_after_their_length(signalled: list[Delivery]) -> None:
    (delivery, *_) = (one for one in signalled if (one.region, one.trigger) == ("ap-southeast-1", "firehose"))
    data = base64.b64decode(delivery.event["records"][0]["data"])
    length = shift = at = 0
    while True:
        length |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            break

    request = ExportMetricsServiceRequest.FromString(data[at:])

    assert length == len(data) - at
    assert len(request.resource_metrics[0].scope_metrics[0].metrics) == delivery.signals


@pytest.mark.parametrize(
    ("source", "states"),
    [
        ("aws.codedeploy", ["START", "SUCCESS"] * 3),
        ("aws.fis", ["running", "completed"]),
        ("aws.cloudwatch", ["ALARM", "OK"]),
        ("aws.health", ["open", "closed"]),
    ],
)
def test_events_tell_what_happened_in_order(
    signalled: list[Delivery], source: str, states: list[str]
) -> None:
    details = [event["detail"] for event in events(signalled, source)]
    told = [
        detail.get("statusCode")
        or (detail.get("new-state") or {}).get("status")
        or (detail["state"] if isinstance(detail["state"], str) else detail["state"]["value"])
        for detail in details
    ]

    assert told == states
