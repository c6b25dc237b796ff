"""The clocks of the regions: what is written down there is stamped by clocks that are a little off."""

from __future__ import annotations

from dataclasses import replace

from demo.requests import Request

OFFSETS = {"eu-west-1": 0.0, "us-east-1": 0.040, "ap-southeast-1": -0.025}  # seconds ahead of the true time


def stamp(region: str, time: float) -> float:
    """What the clock of a region shows at a true time; both in epoch seconds."""
    return time + OFFSETS[region]


def as_stamped(request: Request) -> Request:
    """The request with all times as the clock of its region showed them."""
    ahead = OFFSETS[request.region]
    invocation, failure = request.invocation, request.failure
    return replace(
        request,
        start=request.start + ahead,
        invocation=invocation and replace(invocation, start=invocation.start + ahead),
        failure=failure and replace(failure, time=failure.time + ahead),
        calls=[replace(call, start=call.start + ahead) for call in request.calls],
        notes=[replace(note, time=note.time + ahead) for note in request.notes],
    )
