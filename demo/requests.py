"""What really happened to each request: the ground truth, from which every signal is derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from demo.functions import Function
from demo.users import User

Cause = Literal["code", "stale_read", "lost_update", "local_only", "dependency_timeout", "throttled"]
Operation = Literal["read", "write", "call"]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on a store or another company's API. Times are epoch seconds, durations seconds."""

    layer: str
    resource: str
    kind: Operation
    key: str
    region: str  # where it was served
    start: float
    duration: float
    mode: str | None = None
    version: str | None = None  # what was read or written; None: nothing was found
    state: str | None = None  # what the version says
    based_on: str | None = None
    visible: Mapping[str, float] | None = None  # of a write: per region, from when it can be read


@dataclass(frozen=True, slots=True)
class Note:
    """Something the application logs."""

    time: float
    level: Level
    message: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a stack trace; `module` is the file without its ending."""

    module: str
    line: int
    function: str
    code: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed. `handled` is false if the exception left the Lambda function."""

    cause: Cause
    layer: str | None
    error_type: str
    message: str
    frames: tuple[Frame, ...]
    time: float
    handled: bool


@dataclass(slots=True)
class Invocation:
    """One run of a Lambda function, or of a container's handler."""

    function: Function
    request_id: str
    span_id: str
    stream: str  # the log stream of the instance
    start: float
    init: float | None = None  # seconds a cold start took
    duration: float = 0.0
    outcome: Literal["success", "error", "timeout"] = "success"

    @property
    def end(self) -> float:
        return self.start + self.duration


@dataclass(slots=True, eq=False)
class Request:
    """One request as the client sent it to one region, and what became of it."""

    number: int
    user: User
    session: str
    region: str
    came_from: str | None  # the region the client used before, if it was routed anew
    looked_up: bool  # whether the client had to ask the DNS first
    service: str
    method: str
    route: str
    path: str
    trace_id: str  # 1-8hex-24hex
    request_id: str  # of API Gateway, or of the load balancer's target
    extended_request_id: str
    edge_id: str | None  # of CloudFront, for what goes through it
    start: float
    duration: float = 0.0
    status: int = 200
    size: int = 0
    invocation: Invocation | None = None
    failure: Failure | None = None
    calls: list[Call] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def end(self) -> float:
        return self.start + self.duration

    @property
    def failed(self) -> bool:
        return self.failure is not None


def moment(seconds: float) -> datetime:
    """Epoch seconds as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def record(request: Request) -> dict[str, Any]:
    """One line of ground-truth.jsonl: times as ISO 8601 in UTC, durations in milliseconds."""
    invocation = request.invocation
    return {
        "number": request.number,
        "user_id": request.user.id,
        "home": request.user.home,
        "session_id": request.session,
        "region": request.region,
        "came_from": request.came_from,
        "service": request.service,
        "method": request.method,
        "route": request.route,
        "path": request.path,
        "trace_id": request.trace_id,
        "request_id": request.request_id,
        "extended_request_id": request.extended_request_id,
        "lambda_request_id": invocation.request_id if invocation else None,
        "start": _iso(request.start),
        "duration_ms": _ms(request.duration),
        "status": request.status,
        "cold_start_ms": _ms(invocation.init) if invocation and invocation.init is not None else None,
        "failure": _failure(request.failure) if request.failure else None,
        "calls": [_call(call) for call in request.calls],
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "cause": failure.cause,
        "layer": failure.layer,
        "error_type": failure.error_type,
        "message": failure.message,
        "time": _iso(failure.time),
        "handled": failure.handled,
    }


def _call(call: Call) -> dict[str, Any]:
    visible = {region: _iso(time) for region, time in call.visible.items()} if call.visible else None
    return {
        "layer": call.layer,
        "resource": call.resource,
        "kind": call.kind,
        "key": call.key,
        "region": call.region,
        "start": _iso(call.start),
        "duration_ms": _ms(call.duration),
        "mode": call.mode,
        "version": call.version,
        "state": call.state,
        "based_on": call.based_on,
        "visible": visible,
    }


def _iso(seconds: float) -> str:
    return moment(seconds).isoformat(timespec="microseconds")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
