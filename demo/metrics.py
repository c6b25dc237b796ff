"""What CloudWatch measures of the shop: samples by minute, in the region where AWS publishes each metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil

from demo.access_logs import ZONE_ID
from demo.clocks import Clocks
from demo.functions import DOWNLOAD, Load
from demo.incident import Incident
from demo.regions import NAMES
from demo.replication import DATABASE, FILES, SESSIONS, TRACKER
from demo.requests import Call, Request
from demo.routing import ENOUGH, Routing

MINUTE = 60
CHECKED = 10  # seconds between two samples of a health check
KEPT = 30 * MINUTE  # seconds of samples that can still be asked for
GLOBAL = "us-east-1"  # where Route 53 and CloudFront publish
CLUSTER = "shop-aurora"
HEALTH_CHECKS = {name: f"{number}f2e1a60-shop-4c1e-9d0b-5f0e8a7c1b2d" for number, name in enumerate(NAMES, 1)}


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one set of dimensions, published in `region`."""

    region: str
    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Point:
    """The samples of one minute, in the order in which they came."""

    samples: list[float]

    def statistic(self, name: str) -> float:
        """A statistic as GetMetricData names them: Sum, Average, Minimum, Maximum, SampleCount, p99 …"""
        samples = self.samples
        match name:
            case "Sum":
                return sum(samples)
            case "Average":
                return sum(samples) / len(samples)
            case "Minimum":
                return min(samples)
            case "Maximum":
                return max(samples)
            case "SampleCount":
                return float(len(samples))
        rank = ceil(float(name.removeprefix("p")) / 100 * len(samples))
        return sorted(samples)[max(rank - 1, 0)]


class Metrics:
    """All samples so far; `minute` is the epoch second at which a minute begins."""

    def __init__(self, incidents: Sequence[Incident] = ()) -> None:
        self._clocks = Clocks(incidents)
        self._routing = Routing(incidents)
        self._points: dict[Series, dict[int, Point]] = {}
        self._checked = 0.0
        self._forgotten = 0

    def measure(self, request: Request) -> None:
        """Add what one answered request shows, and what the health checks saw meanwhile."""
        self._add(_samples(request))
        self._checked = self._checked or request.start // CHECKED * CHECKED
        while self._checked <= request.end:
            self._add(_checks(self._routing, self._checked))
            self._checked += CHECKED
        self._forget(int(request.end) - KEPT)

    def _add(self, samples: Samples) -> None:
        for time, series, value in samples:
            minute = int(self._clocks.stamp(series.region, time) // MINUTE * MINUTE)
            points = self._points.get(series)
            if points is None:
                points = self._points[series] = {}
            point = points.get(minute)
            if point is None:
                point = points[minute] = Point([])
            point.samples.append(value)

    def series(self, region: str) -> list[Series]:
        """All metrics a region has published so far."""
        return [series for series in self._points if series.region == region]

    def point(self, series: Series, minute: int) -> Point | None:
        return self._points.get(series, {}).get(minute)

    def _forget(self, before: int) -> None:
        if before - self._forgotten < MINUTE:
            return
        self._forgotten = before
        for points in self._points.values():
            for minute in [minute for minute in points if minute < before]:
                del points[minute]


@cache
def _series(region: str, name: str, unit: str, **dimensions: str) -> Series:
    namespace, _, name = name.rpartition("/")
    return Series(region, namespace, name, unit, tuple(sorted(dimensions.items())))


Samples = Iterator[tuple[float, Series, float]]  # when (true epoch seconds), of what, how much


def _checks(routing: Routing, time: float) -> Samples:
    """What Route 53 publishes of each region's health check."""
    for region, id in HEALTH_CHECKS.items():
        share = routing.share(region, time)
        healthy = float(share > ENOUGH)
        yield time, _series(GLOBAL, "AWS/Route53/HealthCheckStatus", "None", HealthCheckId=id), healthy
        percentage = _series(GLOBAL, "AWS/Route53/HealthCheckPercentageHealthy", "Percent", HealthCheckId=id)
        yield time, percentage, 100 * share


def _samples(request: Request) -> Samples:
    if request.looked_up:
        zone = ZONE_ID
        yield request.start, _series(GLOBAL, "AWS/Route53/DNSQueries", "Count", HostedZoneId=zone), 1.0
    if request.edge_id:
        yield from _edge(request)
    elif request.reached:
        yield from _api(request)
    if request.load:
        yield from _concurrency(request, request.load)
    if request.invocation and request.invocation.function is not DOWNLOAD:
        yield from _function(request)
    for call in request.calls:
        yield from _store(call)


def _api(request: Request) -> Samples:
    api = {"ApiName": "shop", "Stage": "prod"}
    region, end = request.region, request.end
    yield end, _series(region, "AWS/ApiGateway/Count", "Count", **api), 1.0
    client, server = 400 <= request.status < 500, request.status >= 500
    yield end, _series(region, "AWS/ApiGateway/4XXError", "Count", **api), float(client)
    yield end, _series(region, "AWS/ApiGateway/5XXError", "Count", **api), float(server)
    yield end, _series(region, "AWS/ApiGateway/Latency", "Milliseconds", **api), request.duration * 1000
    if request.invocation:
        spent = (request.invocation.duration + (request.invocation.init or 0)) * 1000
        yield end, _series(region, "AWS/ApiGateway/IntegrationLatency", "Milliseconds", **api), spent


def _edge(request: Request) -> Samples:
    """CloudFront, and the load balancer behind it, which publishes nothing where nothing happened."""
    distribution = {"DistributionId": "E2SHOPEXAMPLE", "Region": "Global"}
    region, end, failed = request.region, request.end, request.status >= 500
    yield end, _series(GLOBAL, "AWS/CloudFront/Requests", "None", **distribution), 1.0
    yield (
        end,
        _series(GLOBAL, "AWS/CloudFront/5xxErrorRate", "Percent", **distribution),
        100.0 if failed else 0.0,
    )
    if not request.reached:
        return
    balancer = {"LoadBalancer": "app/shop/50dc6c495c0c9188"}
    yield end, _series(region, "AWS/ApplicationELB/RequestCount", "Count", **balancer), 1.0
    yield (
        end,
        _series(region, "AWS/ApplicationELB/TargetResponseTime", "Seconds", **balancer),
        request.duration,
    )
    if failed:
        yield end, _series(region, "AWS/ApplicationELB/HTTPCode_Target_5XX_Count", "Count", **balancer), 1.0


def _concurrency(request: Request, load: Load) -> Samples:
    """What ran in the region when the request came to a function, and whether there was room for it."""
    region, name = request.region, {"FunctionName": request.function.name}
    time = request.invocation.start if request.invocation else request.end
    yield time, _series(region, "AWS/Lambda/ConcurrentExecutions", "Count"), float(load.running)
    yield time, _series(region, "AWS/Lambda/ClaimedAccountConcurrency", "Count"), float(load.claimed)
    yield time, _series(region, "AWS/Lambda/Throttles", "Count", **name), float(load.full is not None)


def _function(request: Request) -> Samples:
    """Lambda stamps a point with the start of the invocation."""
    invocation = request.invocation
    assert invocation
    region, start, name = request.region, invocation.start, {"FunctionName": invocation.function.name}
    yield start, _series(region, "AWS/Lambda/Invocations", "Count", **name), 1.0
    yield start, _series(region, "AWS/Lambda/Errors", "Count", **name), float(invocation.outcome != "success")
    yield start, _series(region, "AWS/Lambda/Duration", "Milliseconds", **name), invocation.duration * 1000


def _store(call: Call) -> Samples:
    """How long a store took, and of a write how long until each other region had it."""
    if call.resource in (SESSIONS.name, TRACKER.name):
        operation = "PutItem" if call.kind == "write" else "GetItem"
        table = {"TableName": call.resource, "Operation": operation}
        series = _series(call.region, "AWS/DynamoDB/SuccessfulRequestLatency", "Milliseconds", **table)
        yield call.start, series, call.duration * 1000
    for target, visible in (call.visible or {}).items():
        if target != call.region:
            written = call.start + call.duration
            yield visible, *_replication(call, target, visible - written)


def _replication(call: Call, target: str, lag: float) -> tuple[Series, float]:
    """The lag in the unit, and from the region, that AWS publishes it in."""
    if call.resource == FILES.name:
        buckets = {
            "SourceBucket": f"{FILES.name}-{call.region}",
            "DestinationBucket": f"{FILES.name}-{target}",
            "RuleId": f"to-{target}",
        }
        return _series(target, "AWS/S3/ReplicationLatency", "Seconds", **buckets), lag
    if call.resource == DATABASE.name:
        cluster = {"DBClusterIdentifier": f"{CLUSTER}-{target}", "SourceRegion": call.region}
        return _series(target, "AWS/RDS/AuroraGlobalDBReplicationLag", "Milliseconds", **cluster), lag * 1000
    table = {"TableName": call.resource, "ReceivingRegion": target}
    return _series(call.region, "AWS/DynamoDB/ReplicationLatency", "Milliseconds", **table), lag * 1000
