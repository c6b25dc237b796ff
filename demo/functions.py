"""The shop's Lambda functions and its one container: their runtimes, loggers and running instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Literal

from demo.incident import Incident
from demo.regions import ACCOUNT

Logger = Literal["powertools", "pino", "python", "console_json", "structlog", "console", "ecs"]

CONCURRENCY = 1000  # invocations that an account may have at once in a region
RESERVED = 100  # of which for other things than the shop
IDLE = 420.0  # seconds without work after which Lambda takes an instance away


@dataclass(frozen=True, slots=True)
class Function:
    """`logger` is the format of its own log lines; `timeout` is in seconds; `init` the median cold start."""

    name: str
    service: str
    runtime: str
    logger: Logger
    memory: int
    timeout: float
    init: float

    @property
    def log_group(self) -> str:
        return f"/ecs/{self.name}" if self.logger == "ecs" else f"/aws/lambda/{self.name}"

    @property
    def catches(self) -> bool:
        """Whether the handler turns every exception into a 500 rather than let it end the invocation."""
        return self.logger in ("powertools", "pino", "ecs")

    def arn(self, region: str) -> str:
        return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{self.name}"


ORDERS = Function("shop-orders", "orders", "python3.12", "powertools", 512, 10, 0.62)
PAYMENTS = Function("shop-payments", "payments", "nodejs20.x", "pino", 256, 6, 0.38)
SESSIONS = Function("shop-sessions", "sessions", "python3.12", "python", 256, 5, 0.45)
FILES = Function("shop-files", "files", "nodejs20.x", "console_json", 512, 15, 0.41)
PROFILE = Function("shop-profile", "profile", "python3.12", "structlog", 256, 5, 0.48)
PROFILE_EDIT = Function("shop-profile-edit", "profile", "nodejs20.x", "console", 256, 5, 0.36)
DOWNLOAD = Function("shop-download", "files", "java21", "ecs", 1024, 30, 0.0)  # a container behind the ALB


@dataclass(frozen=True, slots=True)
class Load:
    """Invocations that run in a region; `claimed` counts what is reserved for others too.

    `full` is the id of the incident that leaves no room for another one.
    """

    running: int
    claimed: int
    full: str | None = None


@dataclass(slots=True, eq=False)
class Instance:
    """One execution environment; it serves one request at a time."""

    stream: str
    last_used: float


class Instances:
    """The instances of all functions in all regions; a container's one task is never taken away."""

    def __init__(self, rng: Random, incidents: Iterable[Incident] = ()) -> None:
        self._rng = rng
        self._idle: dict[tuple[str, str], list[Instance]] = {}
        self._running: Counter[str] = Counter()
        self._claims = [one for one in incidents if one.kind == "throttling"]

    def load(self, region: str, now: float) -> Load:
        """What runs in a region with one more invocation, or without it if there is no room for it."""
        claim = self._claim(region, now)
        left = int(claim.attributes["left"]) if claim else CONCURRENCY - RESERVED
        running = self._running[region]
        if claim and running >= left:
            return Load(running, CONCURRENCY, claim.id)
        return Load(running + 1, CONCURRENCY - left + running + 1)

    def _claim(self, region: str, now: float) -> Incident | None:
        """What takes nearly all of a region's concurrency from the shop."""
        return next((one for one in self._claims if one.region == region and one.lasts(now)), None)

    def take(self, function: Function, region: str, now: float, date: str) -> tuple[Instance, bool]:
        """An instance to run on, and whether it has to be started first. `date` is yyyy/mm/dd."""
        id = f"{self._rng.getrandbits(128):032x}"
        if function is DOWNLOAD:
            task = self._idle.setdefault(
                (region, function.name), [Instance(f"download/shop-download/{id}", now)]
            )
            return task[0], False
        self._running[region] += 1
        idle = [one for one in self._idle.get((region, function.name), ()) if now - one.last_used < IDLE]
        self._idle[region, function.name] = idle
        if idle:
            return idle.pop(), False
        return Instance(f"{date}/[$LATEST]{id}", now), True

    def give_back(self, instance: Instance, function: Function, region: str, now: float) -> None:
        instance.last_used = now
        if function is not DOWNLOAD:
            self._running[region] -= 1
            self._idle.setdefault((region, function.name), []).append(instance)
