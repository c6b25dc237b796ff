from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

import pytest
from demo_payloads import Event, controls, distinct, documents, events, object_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.couriers import BATCH, Delivery
from demo.deliveries import deliveries
from demo.logs import lines
from demo.requests import Request
from demo.shop import Parameters, Simulation, simulate

DIGEST = """
from datetime import timedelta
from demo.deliveries import deliveries
from demo.shop import Parameters, simulate
import hashlib
digest = hashlib.sha256()
for one in deliveries(simulate(Parameters(duration=timedelta(seconds=20)))):
    digest.update(repr(one).encode())
print(digest.hexdigest())
"""
ERROR = re.compile(
    r'\[ERROR\]|\tERROR\t|"level":"ERROR"|"level":50|"log.level":"ERROR"|Task timed out'
    r'|"status":"[45]\d\d"|" [45]\d\d '
)


def digest(delivered: Iterable[Delivery]) -> str:
    total = hashlib.sha256()
    for delivery in delivered:
        total.update(repr(delivery).encode())
    return total.hexdigest()


def messages(arrived: set[Event], group: str) -> list[str]:
    return [event.message for event in arrived if re.search(group, event.group)]


def test_the_same_parameters_give_the_same_bytes() -> None:
    small = Parameters(duration=timedelta(seconds=20))

    assert digest(deliveries(simulate(small))) == digest(deliveries(simulate(small)))


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_every_delivery_holds_exactly_what_it_announces(delivered: list[Delivery]) -> None:
    for delivery in delivered:
        assert (delivery.log_events, delivery.controls) == (len(events(delivery)), controls(delivery))
        json.dumps(delivery.event)


def test_what_comes_again_is_announced_and_nothing_else_comes_again(
    delivered: list[Delivery], arrived: set[Event]
) -> None:
    total = sum(delivery.log_events for delivery in delivered)
    again = sum(delivery.duplicates for delivery in delivered)

    assert again > 0
    assert len(arrived) == total - again


def test_every_line_of_the_shop_arrives(
    short: Simulation, short_story: list[Request], arrived: set[Event]
) -> None:
    written = Counter(line.message for line in lines(short_story, short.clocks))

    assert Counter(event.message for event in arrived) == written


def test_no_event_lies_outside_the_window_and_the_time_to_answer(
    short: Simulation, short_story: list[Request], arrived: set[Event]
) -> None:
    times = [event.time for event in arrived if event.time is not None]
    last = max(request.end for request in short_story)

    assert short.parameters.start.timestamp() * 1000 <= min(times)
    assert max(times) <= last * 1000 < (short.parameters.end.timestamp() + 30) * 1000


def test_every_failed_request_leaves_an_error_with_its_ids_in_its_region(
    short_story: list[Request], arrived: set[Event]
) -> None:
    errors: dict[str, str] = defaultdict(str)
    for event in arrived:
        if ERROR.search(event.message):
            errors[event.region] += event.message + "\n"
    failed = [request for request in short_story if request.failed]

    assert failed
    for request in failed:
        assert ids(request) <= set(re.findall(r"[\w=-]{15,}", errors[request.region]))


def ids(request: Request) -> set[str]:
    """Those that stand in an error line of a failed request, whatever its logger and its region."""
    if request.edge_id:
        return {request.request_id, request.trace_id.removeprefix("1-").replace("-", "")}
    run = {request.invocation.request_id} if request.invocation else set()
    traced = {request.trace_id} if request.region != "ap-southeast-1" else set()
    return {request.request_id, request.extended_request_id} | run | traced


def test_each_region_delivers_in_its_own_way(delivered: list[Delivery]) -> None:
    assert {(delivery.region, delivery.trigger) for delivery in delivered if not delivery.signals} == {
        ("eu-west-1", "kinesis"),
        ("us-east-1", "awslogs"),
        ("ap-southeast-1", "firehose"),
        ("eu-west-1", "s3"),
        ("us-east-1", "s3"),
        ("ap-southeast-1", "s3"),
    }


def test_batches_are_as_large_as_aws_makes_them(delivered: list[Delivery]) -> None:
    sizes = [len(one.event["Records"]) for one in delivered if one.trigger == "kinesis"]

    assert max(sizes) <= BATCH
    assert sum(size > 50 for size in sizes) > len(sizes) / 2
    for delivery in delivered:
        limit = 1_000_000 if delivery.trigger == "awslogs" else 6_000_000
        assert len(json.dumps(delivery.event)) < limit


def test_kinesis_numbers_its_records_and_reads_some_again(delivered: list[Delivery]) -> None:
    numbers = [
        int(record["kinesis"]["sequenceNumber"])
        for delivery in delivered
        if delivery.trigger == "kinesis"
        for record in delivery.event["Records"]
    ]

    assert len(set(numbers)) == max(numbers) - min(numbers) + 1
    assert all(len(str(number)) == 56 for number in numbers)


def test_some_deliveries_are_late(delivered: list[Delivery]) -> None:
    assert any(earlier.time > later.time for earlier, later in pairwise(delivered))


def test_event_ids_have_56_digits_and_grow_within_a_stream(arrived: set[Event]) -> None:
    streams: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in arrived:
        if event.time is not None:
            streams[event.region, event.group, event.stream].append(event)

    for stream in streams.values():
        stream.sort(key=lambda event: int(event.id))
        assert all(len(event.id) == 56 for event in stream)
        assert [event.time for event in stream] == sorted(event.time or 0 for event in stream)
        assert len({event.id for event in stream}) == len(stream)


def test_lambda_streams_are_named_after_their_instances(arrived: set[Event]) -> None:
    streams = {event.stream for event in arrived if event.group.startswith("/aws/lambda/")}

    assert all(re.fullmatch(r"2026/11/20/\[\$LATEST\][0-9a-f]{32}", stream) for stream in streams)


def test_the_account_level_policy_adds_its_name_and_the_system_fields(delivered: list[Delivery]) -> None:
    for delivery in delivered:
        for document in documents(delivery):
            level = document.get("policyLevel")
            if document["messageType"] == "CONTROL_MESSAGE":
                assert document["owner"] == "CloudwatchLogs"
                assert [event["id"] for event in document["logEvents"]] == [""]
            elif delivery.region == "ap-southeast-1":
                assert level == "ACCOUNT_LEVEL_POLICY"
                assert {event["extractedFields"]["@aws.region"] for event in document["logEvents"]} == {
                    "ap-southeast-1"
                }
            else:
                assert level is None


def test_some_firehose_records_hold_several_documents(delivered: list[Delivery]) -> None:
    firehose = [delivery for delivery in delivered if delivery.trigger == "firehose"]
    records = sum(len(delivery.event["records"]) for delivery in firehose)

    assert sum(len(list(documents(delivery))) for delivery in firehose) > records


@pytest.mark.parametrize(
    ("group", "pattern"),
    [
        ("shop-orders", r'^\{"level":"ERROR".*"xray_trace_id":"1-.*"exception_name":"'),
        ("shop-orders", r'^\{"_aws":\{"Timestamp":\d{13},"CloudWatchMetrics":'),
        ("shop-payments", r'^\{"level":50,"time":\d{13},.*"err":\{"type":"TypeError"'),
        ("shop-payments", r"^\S+Z [0-9a-f-]{36} Task timed out after 6.00 seconds\n\n$"),
        ("shop-sessions", r"^INIT_START Runtime Version: python:3.12"),
        ("shop-sessions", r"^START RequestId: [0-9a-f-]{36} Version: \$LATEST\n$"),
        ("shop-sessions", r"^END RequestId: [0-9a-f-]{36}\n$"),
        (
            "shop-sessions",
            r"^REPORT RequestId: .*\tInit Duration: .* ms\t\t\nXRAY TraceId: 1-|^REPORT .*\t\nXRAY",
        ),
        ("shop-sessions", r"^\[INFO\]\t\S+Z\t[0-9a-f-]{36}\tsign-in user_id=u-\d+ session_id=s-"),
        ("shop-sessions", r'^\[INFO\]\t\S+Z\t[0-9a-f-]{36}\t\{"message":"session write","user_id":"u-'),
        ("shop-sessions", r"^\[ERROR\] \w+: .*\nTraceback \(most recent call last\):\n"),
        ("shop-files", r'^\{"time":".*","type":"platform.start","record":\{.*"value":"Root=1-'),
        ("shop-files", r'^\{"time":".*","type":"platform.report",.*"initDurationMs":'),
        ("shop-files", r'^\{"timestamp":.*"message":\{"msg":"file is local_only elsewhere'),
        ("shop-files", r'^\{"timestamp":.*"level":"ERROR".*"stackTrace":\["'),
        (
            "shop-profile$",
            r'^timestamp=\S+Z level=info event="session read" .*trace_id=[0-9a-f]{32} user_id=u-',
        ),
        ("shop-profile$", r"^\[ERROR\]\t\S+Z\t[0-9a-f-]{36}\t(?s:.*)Traceback \(most recent call last\):\n"),
        ("shop-profile-edit", r'^\S+Z\t[0-9a-f-]{36}\tERROR\tInvoke Error \t\{"errorType":"'),
        ("shop-download", r'^\{"@timestamp":".*"log.level":"ERROR".*"error.stack_trace":"'),
        ("apigateway", r'^\{"requestId":".*"sub":"u-.*"responseLatency":"\d+"'),
        ("apigateway", r'^203\.0\.113\.\d+ - u-\d+ \[20/Nov/2026:09:0\d:\d\d \+0000\] "GET /'),
        ("route53", r"^1\.0 2026-11-20T09:\S+Z Z0EXAMPLE1SHOP api\.shop\.example\.com A NOERROR UDP "),
        ("s3://shop-alb-logs-", r'^https 2026-\S+Z app/shop-legacy/\S+ .* "Root=1-.* TID_[0-9a-f]{32}$'),
        ("s3://shop-cdn-logs", r"^2026-11-20\t09:0\d:\d\d\tDUB56-P1\t"),
    ],
)
def test_the_shop_writes_every_format(arrived: set[Event], group: str, pattern: str) -> None:
    assert any(re.search(pattern, message) for message in messages(arrived, group))


def test_a_load_balancer_line_has_30_fields_and_a_cloudfront_line_those_of_its_header(
    delivered: list[Delivery], arrived: set[Event]
) -> None:
    for message in messages(arrived, "s3://shop-alb-logs-"):
        assert len(re.findall(r'"[^"]*"|\S+', message)) == 30
    header = next(line for one in delivered for *_, line in object_lines(one) if line.startswith("#Fields"))
    for message in messages(arrived, "s3://shop-cdn-logs"):
        assert len(message.split("\t")) == len(header.split()) - 1 == 33


@pytest.mark.parametrize(
    "pattern",
    [
        r"[a-z]+\.[a-z]+\d{4}@example\.com",
        r"\+44 7700 900\d{3}|\+1 202-555-01\d\d|\+61 491 570 \d{3}",
        r"card (4242424242424242|5555555555554444|4000056655665556|378282246310005) declined",
        r"debit mandate on DE89370400440532013000 used",
        r"Bearer eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+",
        r"client_ip=192\.0\.2\.\d+",
    ],
)
def test_some_lines_hold_what_has_to_be_redacted(arrived: set[Event], pattern: str) -> None:
    assert any(re.search(pattern, message) for message in messages(arrived, "/aws/lambda/"))


def test_a_day_at_a_high_rate_begins_to_arrive_at_once() -> None:
    busy = Parameters(duration=timedelta(days=1), rate=100)
    begun = [delivery for delivery, _ in zip(deliveries(simulate(busy)), range(3), strict=False)]

    assert all(delivery.time < busy.start.timestamp() + 120 for delivery in begun)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), seconds=st.integers(1, 40), rate=st.floats(0.2, 30))
def test_the_counts_are_right_whatever_the_parameters(seed: int, seconds: int, rate: float) -> None:
    simulation = simulate(Parameters(seed=seed, duration=timedelta(seconds=seconds), rate=rate))
    delivered = list(deliveries(simulation))

    for delivery in delivered:
        assert (delivery.log_events, delivery.controls) == (len(events(delivery)), controls(delivery))
    total = sum(delivery.log_events - delivery.duplicates for delivery in delivered)
    assert total == len(distinct(delivered)) == len(list(lines(simulation.requests(), simulation.clocks)))
