"""The spans of a request: what tracing would see of it, before any format and by the true time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from demo.clocks import Clocks
from demo.functions import DOWNLOAD
from demo.regions import DOMAIN, round_trip
from demo.requests import Call, Failure, Request

Kind = Literal["SERVER", "CLIENT", "INTERNAL"]
API = "shop/prod"  # the stage of the REST API
WRITER_SERVICE = "shop-orders-writer"  # serves the writes of other regions beside the Aurora writer


@dataclass(frozen=True, slots=True)
class Span:
    """`service` recorded it in `region`. Times are true epoch seconds.

    `origin` is X-Ray's word for what kind of thing the service is; without one the span is a part of its
    parent's segment. `peer` is what a CLIENT span calls: an AWS service by its name, or a host.
    """

    request: Request
    region: str
    service: str
    name: str
    kind: Kind
    id: str
    parent: str | None
    start: float
    end: float
    origin: str | None = None
    peer: str | None = None
    status: int | None = None
    failure: Failure | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def stamped(self, clocks: Clocks) -> tuple[float, float]:
        """Start and end by the clock of the region; a tracer measures the time between with another clock."""
        start = clocks.stamp(self.region, self.start)
        return start, start + self.end - self.start

    @property
    def faulty(self) -> bool:
        """The server's fault, rather than the client's or nobody's."""
        if self.failure is None:
            return False
        return not self.failure.handled or (self.status or 500) >= 500


def spans(request: Request) -> Iterator[Span]:
    """All spans of a request, parents first. What was turned away ends at the API."""
    parent = None
    if not request.reached:
        return
    if not request.edge_id:  # the load balancer before the container sends no segments
        yield _api(request)
        parent = _id(request, "api")
    if invocation := request.invocation:
        if invocation.function is not DOWNLOAD:
            yield _lambda(request, parent)
            parent = invocation.span_id
        yield _function(request, parent)
        for number, call in enumerate(request.calls):
            yield from _call(request, number, call)


def _id(request: Request, what: str) -> str:
    """16 hex digits, the same whenever the story is told."""
    return hashlib.blake2b(f"{request.trace_id}/{what}".encode(), digest_size=8).hexdigest()


def _api(request: Request) -> Span:
    return Span(
        request,
        request.region,
        API,
        request.route,
        "SERVER",
        _id(request, "api"),
        None,
        request.start,
        request.end,
        origin="AWS::ApiGateway::Stage",
        status=request.status,
        failure=request.failure,
        attributes={"aws.request_id": request.request_id, "http.route": request.route.partition(" ")[2]},
    )


def _lambda(request: Request, parent: str | None) -> Span:
    """The invocation as the Lambda service sees it, with the time an instance took to start."""
    invocation = request.invocation
    assert invocation
    return Span(
        request,
        request.region,
        invocation.function.name,
        invocation.function.name,
        "SERVER",
        invocation.span_id,
        parent,
        invocation.start - (invocation.init or 0.0),
        invocation.end,
        origin="AWS::Lambda",
        status=200 if invocation.outcome == "success" else 500,
        failure=request.failure if invocation.outcome != "success" else None,
        attributes={"aws.request_id": invocation.request_id},
    )


def _function(request: Request, parent: str | None) -> Span:
    """The handler's own work."""
    invocation = request.invocation
    assert invocation
    contained = invocation.function is DOWNLOAD
    return Span(
        request,
        request.region,
        invocation.function.name,
        request.route,
        "SERVER",
        _id(request, "function"),
        parent,
        invocation.start,
        invocation.end,
        origin="AWS::ECS::Container" if contained else "AWS::Lambda::Function",
        status=request.status if contained else None,
        failure=request.failure,
        attributes={"service": invocation.function.service, "aws.request_id": invocation.request_id},
    )


_PEERS = {"session": "DynamoDB", "file": "DynamoDB", "database": "shop.cluster"}


def _call(request: Request, number: int, call: Call) -> Iterator[Span]:
    """A call of the handler; one that another region serves with a function of its own has a span there."""
    id, failure = _id(request, f"call {number}"), None
    if call.failed:
        failure = request.failure
    elsewhere = call.layer == "database" and call.kind == "write" and call.region != request.region
    attributes = {"resource": call.resource, "operation": call.kind, "served_by": call.region}
    if call.version:
        attributes["version"] = call.version
    yield Span(
        request,
        request.region,
        request.invocation.function.name if request.invocation else API,
        f"{call.resource} {call.kind}",
        "CLIENT",
        id,
        _id(request, "function"),
        call.start,
        call.start + call.duration,
        peer=f"{WRITER_SERVICE}.{call.region}.{DOMAIN}" if elsewhere else _peer(call),
        failure=failure,
        attributes=attributes,
    )
    if elsewhere and not call.failed:
        way = round_trip(request.region, call.region) / 2
        yield Span(
            request,
            call.region,
            WRITER_SERVICE,
            "POST /write",
            "SERVER",
            _id(request, f"served {number}"),
            id,
            call.start + way,
            call.start + call.duration - way,
            origin="AWS::Lambda::Function",
            status=200,
            attributes={"served_for": request.region},
        )


def _peer(call: Call) -> str:
    if call.layer == "external":
        return call.resource
    return "S3" if call.resource == "shop-files" else _PEERS[call.layer]
