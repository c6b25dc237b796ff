"""How people use the shop: visits to its pages, each a few requests, and moves from region to region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from demo.application import Application
from demo.gateway import serve
from demo.regions import NAMES
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
    if user.region != user.home and not user.traveller and shop.rng.random() < RETURN:
        _move(client, user.home)
    if user.traveller and shop.rng.random() < SECOND_DEVICE:
        device = _client(shop, user)
        device.region = _elsewhere(shop, user.region)
        shop.timeline.spawn(_browse(shop, device, page))
    yield from _browse(shop, client, page)


def _browse(shop: Application, client: Client, page: Page) -> Steps[None]:
    """The requests of a page, one after the other, until one fails."""
    for route in page.routes:
        if shop.rng.random() < client.user.roaming:
            _move(client, _elsewhere(shop, client.region))
        if shop.now >= shop.end:
            return
        request = yield from serve(shop, client, route)
        client.came_from, client.looked_up = None, False
        if request.failed:
            return
        yield shop.rng.expovariate(1 / page.pause)


def _client(shop: Application, user: User) -> Client:
    return Client(user, user.region, user.session, user.held, looked_up=shop.rng.random() < DNS_EXPIRED)


def _elsewhere(shop: Application, region: str) -> str:
    return shop.rng.choice([name for name in NAMES if name != region])


def _move(client: Client, region: str) -> None:
    """Travel, a change of network, or a new answer of the DNS."""
    client.came_from, client.looked_up = client.region, True
    client.region = client.user.region = region
