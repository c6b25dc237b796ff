"""What really happened to each request: the ground truth, from which every signal is derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from demo.functions import Function, Load
from demo.users import User

Cause = Literal[
    "code",
    "stale_read",
    "lost_update",
    "local_only",
    "dependency_timeout",
    "throttled",
    "region_outage",
    "failover",
    "bad_deployment",
]
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
    held: Mapping[str, str] | None = None  # of a write: where it comes late or never, by which incident
    failed: bool = False

    @property
    def end(self) -> float:
        return self.start + self.duration


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
    """Why a request failed. `handled` is false if the exception left the Lambda function.

    `incident` is the id of the one without which it would not have failed.
    """

    cause: Cause
    layer: str | None
    error_type: str
    message: str
    frames: tuple[Frame, ...]
    time: float
    handled: bool
    incident: str | None = None


@dataclass(slots=True)
class Invocation:
    """One run of a Lambda function, or of a container's handler."""

    function: Function
    request_id: str
    span_id: str
    stream: str  # the log stream of the instance
    start: float
    init: float | None = None  # seconds a cold start took
    end: float = 0.0
    duration: float = 0.0
    outcome: Literal["success", "error", "timeout"] = "success"

    def finish(self, now: float) -> None:
        self.end, self.duration = now, now - self.start


@dataclass(slots=True, eq=False)
class Request:
    """One request as the client sent it to one region, and what became of it.

    One that did not reach the region has status 0, or 504 if CloudFront says so; nothing there tells of it.
    """

    number: int
    user: User
    session: str
    region: str
    came_from: str | None  # the region the client used before, if it was routed anew
    looked_up: bool  # whether the client had to ask the DNS first
    function: Function
    method: str
    route: str
    path: str
    trace_id: str  # 1-8hex-24hex
    request_id: str  # of API Gateway, or of the load balancer's target
    extended_request_id: str
    edge_id: str | None  # of CloudFront, for what goes through it
    start: float
    end: float = 0.0
    duration: float = 0.0
    status: int = 200
    size: int = 0
    reached: bool = True
    load: Load | None = None  # of the region's functions, when this request came to one
    invocation: Invocation | None = None
    failure: Failure | None = None
    calls: list[Call] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def service(self) -> str:
        return self.function.service

    @property
    def failed(self) -> bool:
        return self.failure is not None

    @property
    def unserved(self) -> bool:
        """Whether it was the shop's fault that the client did not get what it asked for."""
        return self.status >= 500 or not self.reached

    def finish(self, now: float) -> None:
        self.end, self.duration = now, now - self.start


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
        "start": iso(request.start),
        "duration_ms": milliseconds(request.duration),
        "status": request.status if request.status else None,
        "reached": request.reached,
        "cold_start_ms": milliseconds(invocation.init)
        if invocation and invocation.init is not None
        else None,
        "failure": _failure(request.failure) if request.failure else None,
        "calls": [_call(call) for call in request.calls],
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "cause": failure.cause,
        "layer": failure.layer,
        "error_type": failure.error_type,
        "message": failure.message,
        "time": iso(failure.time),
        "handled": failure.handled,
        "incident": failure.incident,
    }


def _call(call: Call) -> dict[str, Any]:
    visible = {region: iso(time) for region, time in call.visible.items()} if call.visible else None
    return {
        "layer": call.layer,
        "resource": call.resource,
        "kind": call.kind,
        "key": call.key,
        "region": call.region,
        "start": iso(call.start),
        "duration_ms": milliseconds(call.duration),
        "mode": call.mode,
        "version": call.version,
        "state": call.state,
        "based_on": call.based_on,
        "visible": visible,
        "failed": call.failed,
    }


def iso(seconds: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, to the microsecond."""
    return moment(seconds).isoformat(timespec="microseconds")


def milliseconds(seconds: float) -> float:
    """To the microsecond."""
    return round(seconds * 1000, 3)
