"""How people use the shop: visits to its pages, each a few requests, and moves from region to region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from demo.application import Application
from demo.gateway import serve
from demo.incident import Incident
from demo.regions import BY_NAME, NAMES
from demo.requests import Request
from demo.services import (
    DOWNLOAD,
    LIST_ORDERS,
    PAY,
    PLACE_ORDER,
    READ_CART,
    READ_FILE,
    READ_ORDER,
    READ_PROFILE,
    SIGN_IN,
    UPLOAD,
    WRITE_CART,
    WRITE_PROFILE,
    Route,
)
from demo.timeline import Steps
from demo.users import Client, User

ATTEMPTS, AGAIN = 5, 3.0  # how often a client tries when nobody is there, and the mean seconds between
SPLIT = 0.6  # chance that a client is sent to two regions at once, in an incident of that kind
RETURN = 0.3  # chance per visit that someone who is away is back home; travellers stay away
SECOND_DEVICE = 0.08  # chance that a traveller visits a page on two devices at once
DNS_EXPIRED = 0.25  # chance that a visit begins with a DNS query


@dataclass(frozen=True, slots=True)
class Page:
    """`weight` is how often it is visited, relative to the others; `pause` the mean think time in seconds."""

    weight: float
    pause: float
    routes: tuple[Route, ...]


PAGES = (
    Page(10, 0.6, (SIGN_IN, READ_PROFILE, LIST_ORDERS)),
    Page(26, 0.6, (READ_PROFILE, LIST_ORDERS, READ_FILE)),
    Page(22, 0.6, (WRITE_CART, READ_CART, LIST_ORDERS)),
    Page(14, 0.6, (WRITE_CART, PLACE_ORDER, PAY, READ_ORDER)),
    Page(2, 0.4, (WRITE_CART, PLACE_ORDER, READ_ORDER)),
    Page(8, 0.8, (READ_PROFILE, WRITE_PROFILE)),
    Page(11, 0.8, (UPLOAD, READ_FILE, DOWNLOAD)),
    Page(6, 0.6, (READ_FILE, DOWNLOAD)),
    Page(1, 0.02, (LIST_ORDERS,) * 14),  # somebody leans on the reload key, until the usage plan stops it
)
CART = PAGES[2]
_WEIGHTS = [page.weight for page in PAGES]
REQUESTS_PER_VISIT = sum(page.weight * len(page.routes) for page in PAGES) / sum(_WEIGHTS)


def arrivals(shop: Application, users: Sequence[User], rate: float) -> Steps[None]:
    """Visits begin at random (a Poisson process), so many that `rate` requests arrive per second."""
    activity = list(accumulate(user.activity for user in users))
    while True:
        yield shop.rng.expovariate(rate / REQUESTS_PER_VISIT)
        if shop.now >= shop.end:
            return
        user = shop.rng.choices(users, cum_weights=activity)[0]
        shop.timeline.spawn(visit(shop, user))


def visit(shop: Application, user: User) -> Steps[None]:
    """One page of one user; travellers sometimes have it open on two devices, in two networks."""
    page = shop.rng.choices(PAGES, _WEIGHTS)[0]
    client = _client(shop, user)
    if user.near != user.home and not user.traveller and shop.rng.random() < RETURN:
        client.near = user.near = user.home
    if user.traveller and shop.rng.random() < SECOND_DEVICE:
        device = _client(shop, user).at(_elsewhere(shop, user.near))
        shop.timeline.spawn(_browse(shop, device, page))
    elif (split := shop.incident("lost_updates", user.near)) and shop.mishaps.random() < SPLIT:
        page, device = CART, _client(shop, user).at(split.to_region or user.near)
        shop.timeline.spawn(_browse(shop, device, page))
    yield from _browse(shop, client, page)


def burst(shop: Application, users: Sequence[User], throttling: Incident, rate: float) -> Steps[None]:
    """Many more visits to one region while an incident lasts."""
    local = [user for user in users if user.home == throttling.region]
    rate *= float(throttling.attributes["burst"]) * BY_NAME[throttling.region].share
    yield throttling.start - shop.now
    while shop.now < throttling.end and local:
        shop.timeline.spawn(visit(shop, shop.mishaps.choice(local)))
        yield shop.mishaps.expovariate(rate / REQUESTS_PER_VISIT)


def _browse(shop: Application, client: Client, page: Page) -> Steps[None]:
    """The requests of a page, one after the other, until one fails."""
    for route in page.routes:
        if shop.rng.random() < client.user.roaming:
            client.near = client.user.near = _elsewhere(shop, client.near)
        request = yield from _ask(shop, client, route)
        if request is None or request.failed:
            return
        yield shop.rng.expovariate(1 / page.pause)


def _ask(shop: Application, client: Client, route: Route) -> Steps[Request | None]:
    """One request, made again a few times if nobody is there; None after the end of the story."""
    for attempt in range(ATTEMPTS):
        if attempt:
            yield shop.mishaps.expovariate(1 / AGAIN)
        if shop.now >= shop.end:
            return None
        _look_up(shop, client)
        request = yield from serve(shop, client, route)
        client.came_from, client.looked_up = None, False
        if request.failure is None or request.failure.cause != "region_outage":
            break
    return request


def _look_up(shop: Application, client: Client) -> None:
    """Travel, a change of network or a new answer of the DNS may send a client elsewhere."""
    region = shop.routing.serving(client.near, client.user.id, shop.now)
    if region != client.region:
        client.came_from, client.looked_up = client.region, True
        client.region = client.user.region = region


def _client(shop: Application, user: User) -> Client:
    looked_up = shop.rng.random() < DNS_EXPIRED
    return Client(user, user.near, user.region, user.session, user.held, looked_up=looked_up)


def _elsewhere(shop: Application, region: str) -> str:
    return shop.rng.choice([name for name in NAMES if name != region])
