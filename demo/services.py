"""What the shop does on each route: sessions, profile, orders, payments and files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from demo import faults, functions
from demo.application import Work
from demo.faults import Failed
from demo.functions import Function
from demo.replication import Replicated, Version
from demo.timeline import Steps
from demo.users import IBAN, User

PROVIDER = "payments.example.net"
SILENT = 0.012  # chance that the payment provider does not answer in time
DECLINED = 0.04
TOKEN_EXPIRED = 0.02
MANDATE = 0.10


@dataclass(frozen=True, slots=True)
class Route:
    """`target` names what the {id} in the path is of: files or orders."""

    method: str
    pattern: str
    function: Function
    handler: Callable[[Work], Steps[None]]
    target: str | None = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.pattern}"


def require_session(work: Work) -> Steps[None]:
    """Every handler begins here: does this region know the session, and all that the client saw of it?"""
    client, sessions, region = work.client, work.shop.sessions, work.request.region
    found = yield from work.read(sessions, client.session)
    held = client.held
    if found is None:
        text = f"session {client.session} is not known in {region}"
        raise Failed(faults.SESSION_NOT_FOUND, text, _kept(work, sessions, client.session))
    if held and not sessions.follows(client.session, found, held) and found.written < held.written:
        text = f"session {client.session} is at version {found.name} in {region}, the client saw {held.name}"
        raise Failed(faults.SESSION_STALE, text, held.held.get(region))
    client.saw(found)
    if held and not sessions.follows(client.session, found, held):
        text = f"the cart of session {client.session} written as {held.name} was overwritten by {found.name}"
        raise Failed(faults.CART_OVERWRITTEN, text, _split(work, held, found))


def sign_in(work: Work) -> Steps[None]:
    shop, client, user = work.shop, work.client, work.client.user
    work.note("INFO", "sign-in", email=user.email, client_ip=user.ip)
    yield from work.compute()
    session = shop.new_id("s")
    version = yield from work.write(shop.sessions, session)
    shop.retire(user.session, shop.sessions)
    client.session = user.session = work.request.session = session
    client.saw(version)


def write_cart(work: Work) -> Steps[None]:
    yield from require_session(work)
    yield from work.compute()
    version = yield from work.write(work.shop.sessions, work.client.session)
    work.client.saw(version)


def read_cart(work: Work) -> Steps[None]:
    yield from require_session(work)
    yield from work.compute()


def read_profile(work: Work) -> Steps[None]:
    yield from require_session(work)
    yield from work.compute()
    yield from work.query(f"profile/{work.client.user.id}")


def write_profile(work: Work) -> Steps[None]:
    user = work.client.user
    yield from require_session(work)
    work.note("INFO", "profile change requested", email=user.email, phone=user.phone)
    yield from work.compute()
    yield from work.commit(f"profile/{user.id}")


def list_orders(work: Work) -> Steps[None]:
    yield from require_session(work)
    yield from work.compute()
    yield from work.query(work.client.user.orders[-1])


def read_order(work: Work) -> Steps[None]:
    yield from require_session(work)
    order = yield from work.query(work.target)
    if order is None:
        database, region, now = work.shop.database, work.request.region, work.shop.now
        away = database.missing(work.target, region, now)
        fault = faults.ORDER_LOST if away and away.gone <= now else faults.ORDER_NOT_FOUND
        text = f"order {work.target} is not in the replica of {region}"
        raise Failed(fault, text, _kept(work, database, work.target))
    yield from work.compute()


def place_order(work: Work) -> Steps[None]:
    yield from require_session(work)
    yield from work.compute()
    order = work.shop.new_id("o")
    yield from work.commit(order, "placed")
    work.note("INFO", "order placed", order_id=order, amount=_amount(work), currency="EUR")
    work.shop.keep(work.client.user.orders, order, work.shop.database)


def pay(work: Work) -> Steps[None]:
    shop, user = work.shop, work.client.user
    order = user.orders[-1]
    yield from require_session(work)
    yield from work.compute()
    if shop.rng.random() < TOKEN_EXPIRED:
        work.note(
            "WARNING", "provider wants a fresh token", headers={"authorization": f"Bearer {_token(user)}"}
        )
    if shop.rng.random() < SILENT:
        yield from work.call(PROVIDER, order, functions.PAYMENTS.timeout, failed=True)
        raise Failed(faults.PROVIDER_SILENT, f"Task timed out after {functions.PAYMENTS.timeout:.2f} seconds")
    yield from work.call(PROVIDER, order, shop.about(0.18, 0.4))
    if shop.rng.random() < DECLINED:
        work.note("WARNING", f"card {user.card} declined by the bank", order_id=order, code="do_not_honor")
        return
    if shop.rng.random() < MANDATE:
        work.note("INFO", f"debit mandate on {IBAN} used", order_id=order)
    yield from work.commit(order, "paid")
    work.note("INFO", "payment authorised", order_id=order, amount=_amount(work), currency="EUR")


def upload(work: Work) -> Steps[None]:
    shop, region = work.shop, work.request.region
    yield from require_session(work)
    yield from work.compute()
    file = shop.new_id("f")
    version = yield from work.write(shop.files, file)
    yield from work.write(shop.tracker, file, state="local_only")
    arrived = max(version.visible.values()) - shop.now
    shop.timeline.after(arrived, lambda: shop.tracker.write(file, region, shop.now, "replicated"))
    shop.keep(work.client.user.files, file, shop.files, shop.tracker)


def read_file(work: Work) -> Steps[None]:
    shop, file, region = work.shop, work.target, work.request.region
    yield from require_session(work)
    yield from work.compute()
    tracked = yield from work.read(shop.tracker, file)
    if tracked is None:
        text = f"file {file} is not tracked in {region}"
        raise Failed(faults.FILE_UNKNOWN, text, _kept(work, shop.tracker, file))
    origin = region if tracked.state == "replicated" else tracked.region
    if origin != region:
        work.note("WARNING", "file is local_only elsewhere, reading it there", origin=origin)
    yield from work.read(shop.files, file, origin)


def download(work: Work) -> Steps[None]:
    """The legacy path: it knows nothing of the tracker, and has no fallback."""
    file, region = work.target, work.request.region
    yield from require_session(work)
    version = yield from work.read(work.shop.files, file)
    if version is None:
        text = f"The specified key does not exist: {file} in shop-files-{region}"
        raise Failed(faults.FILE_NOT_HERE, text, _kept(work, work.shop.files, file))


def _kept(work: Work, store: Replicated, key: str) -> str | None:
    """Which incident keeps the last write of a key from the region, if one does."""
    region = work.request.region
    away = store.missing(key, region, work.shop.now)
    return away.held.get(region) if away else None


def _split(work: Work, one: Version, other: Version) -> str | None:
    """Which incident sent clients to two regions when these versions were written, if one did."""
    for incident in work.shop.incidents:
        between = {incident.region, incident.to_region} == {one.region, other.region}
        if incident.kind == "lost_updates" and between and incident.lasts(min(one.written, other.written)):
            return incident.id
    return None


def _amount(work: Work) -> float:
    return round(work.shop.about(40, 0.6), 2)


def _token(user: User) -> str:
    """A made-up JSON web token."""
    parts = (
        b'{"alg":"HS256","typ":"JWT"}',
        f'{{"sub":"{user.id}"}}'.encode(),
        hashlib.sha256(user.id.encode()).digest(),
    )
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


SIGN_IN = Route("POST", "/sessions", functions.SESSIONS, sign_in)
WRITE_CART = Route("PUT", "/sessions/cart", functions.SESSIONS, write_cart)
READ_CART = Route("GET", "/sessions/cart", functions.SESSIONS, read_cart)
READ_PROFILE = Route("GET", "/profile", functions.PROFILE, read_profile)
WRITE_PROFILE = Route("PUT", "/profile", functions.PROFILE_EDIT, write_profile)
LIST_ORDERS = Route("GET", "/orders", functions.ORDERS, list_orders)
READ_ORDER = Route("GET", "/orders/{id}", functions.ORDERS, read_order, "orders")
PLACE_ORDER = Route("POST", "/orders", functions.ORDERS, place_order)
PAY = Route("POST", "/payments", functions.PAYMENTS, pay)
UPLOAD = Route("POST", "/files", functions.FILES, upload)
READ_FILE = Route("GET", "/files/{id}", functions.FILES, read_file, "files")
DOWNLOAD = Route("GET", "/download/{id}", functions.DOWNLOAD, download, "files")
