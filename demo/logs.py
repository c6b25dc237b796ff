"""The log emitter: every line the shop's requests leave in AWS, in the order of time."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from demo import access_logs, loggers, otel_spans, platform_logs
from demo.clocks import Clocks
from demo.regions import BY_NAME, DOMAIN
from demo.requests import Invocation, Request
from demo.spans import spans

LONGEST = 30.0  # seconds; API Gateway waits 29 s for a function
HOME = "us-east-1"  # where Route 53 and CloudFront write, whatever region is asked
CLF_REGION = "ap-southeast-1"  # its API was set up with the Common Log Format
SEARCH_REGION = "ap-southeast-1"  # where X-Ray's Transaction Search is on: spans are log events there


@dataclass(frozen=True, slots=True)
class Stream:
    """A log stream in CloudWatch."""

    region: str
    group: str
    name: str


@dataclass(frozen=True, slots=True)
class AccessLog:
    """An access log that AWS writes into a bucket, one object per interval."""

    region: str
    kind: Literal["alb", "cloudfront"]


@dataclass(frozen=True, slots=True)
class Line:
    """One log event, or one line of an access log; `time` in epoch seconds."""

    time: float
    log: Stream | AccessLog
    message: str


def lines(requests: Iterable[Request], clocks: Clocks) -> Iterator[Line]:
    """All lines of all requests, which come in the order in which they were answered."""
    waiting: list[tuple[float, int, Line]] = []
    count = 0
    for request in requests:
        for line in (*_lines(clocks.as_stamped(request)), *_span_lines(request, clocks)):
            count += 1
            heapq.heappush(waiting, (line.time, count, line))
        while waiting and waiting[0][0] < request.end - LONGEST:  # no later answer can go back further
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _lines(request: Request) -> Iterator[Line]:
    region = request.region
    if request.looked_up:
        stream = Stream(HOME, f"/aws/route53/{DOMAIN}", f"{access_logs.ZONE_ID}/{BY_NAME[region].edge}")
        yield Line(request.start, stream, access_logs.dns_query(request))
    if request.invocation:
        yield from _function_lines(request, request.invocation)
    if request.edge_id and request.reached:
        yield Line(request.end, AccessLog(region, "alb"), access_logs.load_balancer(request))
    if request.edge_id:
        yield Line(request.end, AccessLog(HOME, "cloudfront"), access_logs.cloudfront(request))
    elif request.reached:
        yield Line(request.end, _api_stream(region), _api_line(request))


def _span_lines(request: Request, clocks: Clocks) -> Iterator[Line]:
    stream = Stream(SEARCH_REGION, otel_spans.GROUP, "default")
    for span in spans(request):
        if span.region == SEARCH_REGION:
            yield Line(clocks.stamp(span.region, span.end), stream, otel_spans.record(span, clocks))


def _function_lines(request: Request, invocation: Invocation) -> Iterator[Line]:
    function = invocation.function
    stream = Stream(request.region, function.log_group, invocation.stream)
    written = loggers.application_lines(request, invocation)
    if function.logger != "ecs":
        before, after = platform_logs.before(request, invocation), platform_logs.after(request, invocation)
        written = (line for part in (before, written, after) for line in part)
    return (Line(time, stream, message) for time, message in written)


def _api_stream(region: str) -> Stream:
    return Stream(
        region, "/aws/apigateway/shop", hashlib.md5(region.encode(), usedforsecurity=False).hexdigest()
    )


def _api_line(request: Request) -> str:
    if request.region == CLF_REGION:
        return access_logs.api_gateway_clf(request)
    return access_logs.api_gateway_json(request)
