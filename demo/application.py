"""The shop at one moment: its stores in all regions, its functions, and what a handler can do with them."""

from __future__ import annotations

import hashlib
from collections import deque
from functools import partial
from random import Random
from typing import Any

from demo.drills import drill
from demo.faults import BUGS, Failed
from demo.functions import Instances
from demo.regions import round_trip
from demo.replication import DATABASE, FILES, SESSIONS, TRACKER, Replicated, Version
from demo.requests import Call, Level, Note, Operation, Request
from demo.timeline import Steps, Timeline
from demo.users import Client, User

RETIREMENT = 600.0  # seconds


class Application:
    """State that all requests share. Every source of chance has its own seed, so none disturbs the others."""

    def __init__(self, seed: int, start: float, end: float) -> None:
        self.timeline = Timeline(start)
        self.end = end
        self.rng = Random(f"{seed}/behaviour")
        self.ids = Random(f"{seed}/ids")
        self.sessions = Replicated(SESSIONS, Random(f"{seed}/sessions"))
        self.tracker = Replicated(TRACKER, Random(f"{seed}/tracker"))
        self.files = Replicated(FILES, Random(f"{seed}/files"))
        self.database = Replicated(DATABASE, Random(f"{seed}/database"))
        self.drill = drill(start, end)
        self.sessions.pause(self.drill)
        self.instances = Instances(Random(f"{seed}/instances"))
        self.answered: list[Request] = []
        self.requests = 0

    @property
    def now(self) -> float:
        return self.timeline.now

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
        """The handler's own code, which may have bugs."""
        yield self.shop.about(0.004)
        for bug in BUGS:
            if bug.route == self.request.route and self.shop.rng.random() < bug.rate:
                raise Failed(bug.fault, bug.message)

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
        version = store.write(key, where, self.shop.now, state)
        self._called(store, "write", key, where, start, version)
        return version

    def call(self, resource: str, key: str, seconds: float) -> Steps[None]:
        """Ask another company's API, which takes so long."""
        start = self.shop.now
        yield seconds
        call = Call("external", resource, "call", key, self.request.region, start, self.shop.now - start)
        self.request.calls.append(call)

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
