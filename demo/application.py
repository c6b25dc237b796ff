"""The shop at one moment: its stores in all regions, its functions, and what a handler can do with them."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any

from demo import faults
from demo.aurora import Aurora
from demo.faults import BUGS, NEW_BUGS, Failed
from demo.functions import Instances
from demo.incident import Incident, Kind
from demo.regions import round_trip
from demo.replication import DATABASE, FILES, SESSIONS, TRACKER, Replicated, Version
from demo.requests import Call, Level, Note, Operation, Request
from demo.routing import Routing
from demo.timeline import Steps, Timeline
from demo.users import Client, User

RETIREMENT = 600.0  # seconds
CONNECTING = 2.0  # seconds until one gives up, usually


class Application:
    """State that all requests share. Every source of chance has its own seed, so none disturbs the others."""

    def __init__(self, seed: int, start: float, end: float, incidents: Sequence[Incident] = ()) -> None:
        self.timeline = Timeline(start)
        self.end = end
        self.incidents = incidents
        self.routing = Routing(incidents)
        self.aurora = Aurora(incidents)
        self.rng = Random(f"{seed}/behaviour")
        self.ids = Random(f"{seed}/ids")
        self.mishaps = Random(f"{seed}/mishaps")
        self.sessions = Replicated(SESSIONS, Random(f"{seed}/sessions"), incidents)
        self.tracker = Replicated(TRACKER, Random(f"{seed}/tracker"), incidents)
        self.files = Replicated(FILES, Random(f"{seed}/files"), incidents)
        self.database = Replicated(DATABASE, Random(f"{seed}/database"), incidents)
        self.instances = Instances(Random(f"{seed}/instances"), incidents)
        self.answered: list[Request] = []
        self.requests = 0

    @property
    def now(self) -> float:
        return self.timeline.now

    def incident(self, kind: Kind, region: str) -> Incident | None:
        """The one of a kind that goes on in a region now."""
        for one in self.incidents:
            if one.kind == kind and one.region == region and one.lasts(self.now):
                return one
        return None

    def settle(self, user: User) -> None:
        """What the user already has when the story begins: a session, a profile, a file and an order."""
        user.held = self.sessions.place(user.session, user.home, self.now)
        self.database.place(f"profile/{user.id}", user.home, self.now)
        file, order = self.new_id("f"), self.new_id("o")
        self.files.place(file, user.home, self.now)
        self.tracker.place(file, user.home, self.now, "replicated")
        self.database.place(order, user.home, self.now, "paid")
        user.files.append(file)
        user.orders.append(order)

    def keep(self, mine: deque[str], key: str, *stores: Replicated) -> None:
        """Add a key to what the user still asks for; the oldest one goes."""
        if len(mine) == mine.maxlen:
            self.retire(mine[0], *stores)
        mine.append(key)

    def retire(self, key: str, *stores: Replicated) -> None:
        """Forget a key, once no request and no replication can still be concerned with it."""
        for store in stores:
            self.timeline.after(RETIREMENT, partial(store.forget, key))

    def new_id(self, kind: str) -> str:
        return f"{kind}-{self.ids.getrandbits(48):012x}"

    def uuid(self) -> str:
        """A random UUID, version 4."""
        digits = f"{self.ids.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def about(self, median: float, spread: float = 0.25) -> float:
        """Seconds that something takes, usually the median (log-normal)."""
        return median * self.rng.lognormvariate(0, spread)


class Work:
    """One request being served: what its handler can do, each step taking its time."""

    def __init__(self, shop: Application, client: Client, request: Request, target: str) -> None:
        self.shop = shop
        self.client = client
        self.request = request
        self.target = target  # the id in the path, if there is one

    def note(self, level: Level, message: str, **fields: Any) -> None:
        """A line of the application's log."""
        self.request.notes.append(Note(self.shop.now, level, message, fields))

    def compute(self) -> Steps[None]:
        """The handler's own code, which may have bugs, and new ones after a bad deployment."""
        shop, request = self.shop, self.request
        yield shop.about(0.004)
        for bug in BUGS.get(request.route, ()):
            if shop.rng.random() < bug.rate:
                raise Failed(bug.fault, bug.message)
        deployed = shop.incident("bad_deployment", request.region)
        if deployed and deployed.attributes["function"] == request.function.name:
            bug = NEW_BUGS[request.function.name]
            if shop.mishaps.random() < bug.rate:
                raise Failed(bug.fault, bug.message, deployed.id)

    def read(self, store: Replicated, key: str, region: str | None = None) -> Steps[Version | None]:
        """The value a region (default: this one) has of a key."""
        start, where = self.shop.now, region or self.request.region
        yield round_trip(self.request.region, where) + self.shop.about(store.kind.read)
        version = store.read(key, where, self.shop.now)
        self._called(store, "read", key, where, start, version)
        return version

    def write(
        self, store: Replicated, key: str, region: str | None = None, state: str | None = None
    ) -> Steps[Version]:
        """Write a key in a region (default: this one); acknowledged when it is stored there."""
        start, where = self.shop.now, region or self.request.region
        yield round_trip(self.request.region, where) + self.shop.about(store.kind.write)
        return self._written(store, key, where, start, state)

    def query(self, key: str) -> Steps[Version | None]:
        """A row of the database, from the replica that this region asks."""
        shop, region = self.shop, self.request.region
        where = shop.aurora.reader(region, shop.now)
        if where is None:
            raise (yield from self._no_database("read", key))
        return (yield from self.read(shop.database, key, where))

    def commit(self, key: str, state: str | None = None) -> Steps[Version]:
        """Write a row by way of the primary's region; it has to be the primary until the row is stored."""
        shop, region, start = self.shop, self.request.region, self.shop.now
        where = shop.aurora.writer(start)
        if where:
            yield round_trip(region, where) + shop.about(DATABASE.write)
        if where is None or shop.aurora.writer(shop.now) != where:
            raise (yield from self._no_database("write", key))
        if where != region and (outage := shop.routing.outage(where, shop.now)):
            yield shop.about(CONNECTING)
            self._tried("write", key, where, start)
            raise Failed(faults.WRITER_UNREACHABLE, f"no answer from the writer in {where}", outage.id)
        return self._written(shop.database, key, where, start, state)

    def _no_database(self, kind: Operation, key: str) -> Steps[Failed]:
        """What one gets to know of a cluster that is being replaced as the primary."""
        start = self.shop.now
        promotion = self.shop.aurora.promotion(start)
        planned = promotion.kind == "aurora_switchover"
        yield self.shop.about(DATABASE.write if planned else CONNECTING)
        self._tried(kind, key, promotion.region, start)
        if planned:
            text = "cannot execute INSERT in a read-only transaction"
            return Failed(faults.DATABASE_READ_ONLY, text, promotion.id)
        return Failed(faults.DATABASE_DOWN, f"no connection to shop-aurora.{promotion.region}", promotion.id)

    def _tried(self, kind: Operation, key: str, region: str, start: float) -> None:
        """An operation on the database that failed."""
        took = self.shop.now - start
        call = Call(DATABASE.layer, DATABASE.name, kind, key, region, start, took, DATABASE.mode, failed=True)
        self.request.calls.append(call)

    def call(self, resource: str, key: str, seconds: float, failed: bool = False) -> Steps[None]:
        """Ask another company's API, which takes so long."""
        start, region = self.shop.now, self.request.region
        yield seconds
        took = self.shop.now - start
        self.request.calls.append(Call("external", resource, "call", key, region, start, took, failed=failed))

    def _written(self, store: Replicated, key: str, region: str, start: float, state: str | None) -> Version:
        version = store.write(key, region, self.shop.now, state)
        self._called(store, "write", key, region, start, version)
        return version

    def _called(
        self, store: Replicated, kind: Operation, key: str, region: str, start: float, version: Version | None
    ) -> None:
        wrote = version if kind == "write" else None
        call = Call(
            store.kind.layer,
            store.kind.name,
            kind,
            key,
            region,
            start,
            self.shop.now - start,
            mode=store.kind.mode,
            version=version.name if version else None,
            state=version.state if version else None,
            based_on=wrote.based_on if wrote else None,
            visible=wrote.visible if wrote else None,
            held=wrote.held if wrote else None,
        )
        self.request.calls.append(call)
        self.note("INFO", f"{call.layer} {kind}", **_logged(call))


def _logged(call: Call) -> dict[str, Any]:
    """What the application logs of an operation on a store."""
    fields = {
        "store": call.resource,
        "op": call.kind,
        "key_hash": key_hash(call.key),
        "version": call.version or "none",
        "based_on": call.based_on,
        "state": call.state,
        "mode": call.mode,
        "served_by": call.region,
        "duration_ms": round(call.duration * 1000, 2),
    }
    return {name: value for name, value in fields.items() if value is not None}


def key_hash(key: str) -> str:
    """What the application logs in place of a key, which may be a person's."""
    return hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
