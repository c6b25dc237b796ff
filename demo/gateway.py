"""The front of the shop: admits a request, runs the function behind its route, and answers."""

from __future__ import annotations

from demo import faults
from demo.application import Application, Work
from demo.faults import Failed
from demo.functions import DOWNLOAD, Function
from demo.incident import Incident
from demo.requests import Failure, Frame, Invocation, Request, moment
from demo.services import Route
from demo.timeline import Steps
from demo.users import Client, User

PLAN_RATE = 2.0  # requests per second that the usage plan grants each user
PLAN_BURST = 6.0
PATIENCE = 10.0  # seconds that the API waits for a function, and a client for an answer
SLOW_ERRORS = 0.2  # the share of the errors of a region that is out that come only then
NEWEST = 0.7  # how often a client asks for its newest file or order rather than any
ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def serve(shop: Application, client: Client, route: Route) -> Steps[Request]:
    """One request from its arrival to its answer."""
    target = _target(shop, client.user, route)
    request = _arrive(shop, client, route, target)
    outage = shop.routing.outage(request.region, shop.now)
    yield shop.about(0.003)
    if outage:
        yield from _no_service(shop, request, outage)
    elif route.function is not DOWNLOAD and not _admit(client.user, shop.now):
        _refuse(request, 429, Failure("throttled", "edge", "THROTTLED", "Limit Exceeded", (), shop.now, True))
    else:
        yield from _run(Work(shop, client, request, target), route)
    yield shop.about(0.002)
    request.finish(shop.now)
    shop.answered.append(request)
    return request


def _refuse(request: Request, status: int, failure: Failure) -> None:
    request.status, request.failure = status, failure


def _no_service(shop: Application, request: Request, outage: Incident) -> Steps[None]:
    """What comes of a request to a region whose front is out: nothing, or an error at once or late."""
    status, error, message = 503, "SERVICE_UNAVAILABLE", "Service Unavailable"
    if outage.attributes["answers"] == "nothing":
        yield PATIENCE
        request.reached = False
        status, error, message = 504 if request.edge_id else 0, "NO_ANSWER", "no answer"
    elif shop.mishaps.random() < SLOW_ERRORS:
        yield PATIENCE
        status, error, message = 504, "INTEGRATION_TIMEOUT", "Endpoint request timed out"
    failure = Failure("region_outage", "edge", error, message, (), shop.now, True, outage.id)
    _refuse(request, status, failure)


def _target(shop: Application, user: User, route: Route) -> str:
    """The id a client puts into the path."""
    mine = {"files": user.files, "orders": user.orders}.get(route.target or "")
    if not mine:
        return ""
    return mine[-1] if shop.rng.random() < NEWEST else shop.rng.choice(mine)


def _arrive(shop: Application, client: Client, route: Route, target: str) -> Request:
    shop.requests += 1
    return Request(
        number=shop.requests,
        user=client.user,
        session=client.session,
        region=client.region,
        came_from=client.came_from,
        looked_up=client.looked_up,
        function=route.function,
        method=route.method,
        route=route.name,
        path=route.pattern.format(id=target),
        trace_id=f"1-{int(shop.now):08x}-{shop.ids.getrandbits(96):024x}",
        request_id=shop.uuid(),
        extended_request_id="".join(shop.ids.choices(ID_ALPHABET, k=15)) + "=",
        edge_id="".join(shop.ids.choices(ID_ALPHABET, k=54)) + "==" if route.function is DOWNLOAD else None,
        start=shop.now,
    )


def _admit(user: User, now: float) -> bool:
    """The usage plan's token bucket."""
    user.allowance = min(PLAN_BURST, user.allowance + (now - user.allowed_at) * PLAN_RATE)
    user.allowed_at = now
    if user.allowance < 1:
        return False
    user.allowance -= 1
    return True


def _run(work: Work, route: Route) -> Steps[None]:
    """The function behind the route, on an instance that may have to be started first."""
    shop, request, function = work.shop, work.request, route.function
    if function is not DOWNLOAD:
        request.load = shop.instances.load(request.region, shop.now)
        if request.load.full:
            error, now, incident = "TooManyRequestsException", shop.now, request.load.full
            failure = Failure("throttled", "compute", error, "Rate Exceeded.", (), now, True, incident)
            return _refuse(request, 502, failure)
    instance, cold = shop.instances.take(function, request.region, shop.now, f"{moment(shop.now):%Y/%m/%d}")
    init = shop.about(function.init) if cold else None
    yield init or 0.0
    span = f"{shop.ids.getrandbits(64):016x}"
    invocation = Invocation(function, shop.uuid(), span, instance.stream, shop.now, init)
    request.invocation = invocation
    try:
        yield from route.handler(work)
        request.status = 201 if request.method == "POST" else 200
        request.size = int(shop.about(900, 0.8))
    except Failed as failed:
        _fail(request, invocation, failed, shop.now)
    invocation.finish(shop.now)
    shop.instances.give_back(instance, function, request.region, shop.now)


def _fail(request: Request, invocation: Invocation, failed: Failed, now: float) -> None:
    """What becomes of an exception: the answer the handler makes of it, or 502 if it escapes the function."""
    function, fault = invocation.function, failed.fault
    timeout = fault is faults.PROVIDER_SILENT
    handled = not timeout and (fault.cause not in ("code", "bad_deployment") or function.catches)
    frames = (_entry(function), fault.frame)
    request.failure = Failure(
        fault.cause, fault.layer, fault.error_type, failed.message, frames, now, handled, failed.incident
    )
    request.status = fault.status if handled else 502
    request.size = 64
    if not handled:
        invocation.outcome = "timeout" if timeout else "error"


def _entry(function: Function) -> Frame:
    if function is DOWNLOAD:
        return Frame("com/example/shop/download/DownloadController", 31, "get", "")
    return Frame(f"{function.service}/app", 31, "handler", "return routes.resolve(event, context)")
