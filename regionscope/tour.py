"""The demo: the payloads of a simulated shop in three regions, through the real collectors."""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from collector.envelope import Reference
from collector.signals import Signals
from demo.account import Account
from demo.apis import client
from demo.couriers import Delivery
from demo.deliveries import deliveries
from demo.probes import probes, row
from demo.shop import Simulation
from demo.truth import Truth
from infra import local, pulls
from infra.hub import prepare
from regionscope.config import Config, load
from store.commit import CommitResult, sweep
from store.compact import compact
from store.objects import Store
from store.schema import PROBES

TRUTH = "ground-truth.jsonl"
INCIDENTS = "incidents.jsonl"

CONFIGURATION = """\
# Written by `regionscope demo`: three regions in three residency zones.
store = "store"

[[state.trackers]]   # the table in which the shop notes which files only their own region has
region = "eu-west-1"
table = "shop-file-tracker"
source_bucket = "shop-files-eu-west-1"
target_bucket = "shop-files-us-east-1"
target_region = "us-east-1"

[health.checks]      # which region each of Route 53's health checks is about
1f2e1a60-shop-4c1e-9d0b-5f0e8a7c1b2d = "eu-west-1"
2f2e1a60-shop-4c1e-9d0b-5f0e8a7c1b2d = "us-east-1"
3f2e1a60-shop-4c1e-9d0b-5f0e8a7c1b2d = "ap-southeast-1"

[regions.eu-west-1]
zone = "eu"
[regions.us-east-1]
zone = "us"
[regions.ap-southeast-1]
zone = "apac"

[zones.eu]     # personal data of EU users leaves the region as pseudonyms only
identities = "pseudonym"
redact = ["email", "phone", "card", "iban", "ip", "jwt", "aws_key", "bearer"]
key = "file:eu.key"

[zones.us]     # secrets and cards never leave
redact = ["card", "jwt", "aws_key", "bearer"]
key = "file:us.key"

[zones.apac]   # everything is kept

[consistency.layers]   # what the stores are that the shop logs its reads and writes of
shop-sessions = "session"
shop-file-tracker = "file"
shop-files = "file"
shop = "database"
"""


class NotADemo(Exception):
    """The folder holds something that is not a demo."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a demo lives: its configuration file and what it says."""

    file: Path
    config: Config


@dataclass(frozen=True, slots=True)
class Collected:
    """Each region's accounting, and what the committer made of the segments."""

    accounts: dict[str, Counter[str]]
    committed: CommitResult


def lately(now: datetime, duration: timedelta) -> datetime:
    """A start that ends before now, on a full ten minutes: what happens at which second depends on it."""
    latest = now - duration
    return latest.replace(minute=latest.minute // 10 * 10, second=0, microsecond=0)


def set_up(directory: Path) -> Stage:
    """An empty demo in the folder, in place of an earlier one. Raises NotADemo if it holds anything else."""
    if directory.exists() and any(directory.iterdir()) and not (directory / TRUTH).exists():
        raise NotADemo(f"{directory} is not empty and holds no demo")
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    (directory / TRUTH).touch()
    file = directory / "regionscope.toml"
    file.write_text(CONFIGURATION, encoding="utf-8")
    for zone in ("eu", "us"):
        key = directory / f"{zone}.key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32), encoding="ascii")
    return Stage(file, load(file))


def write_truth(stage: Stage, simulation: Simulation) -> None:
    """What really happened to each simulated request, and in each incident, one JSON object per line."""
    truth = Truth(simulation)
    _write(stage.file.parent / TRUTH, truth.requests())
    _write(stage.file.parent / INCIDENTS, truth.incidents())


def _write(file: Path, records: Iterable[dict[str, Any]]) -> None:
    with file.open("wb") as opened:
        for record in records:
            opened.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))


def collect(stage: Stage, simulation: Simulation, delivered: Callable[[float], None]) -> Collected:
    """Every delivery through its region's collector, and each minute what it asks for; then committed.

    `delivered` hears the simulated time, epoch seconds, of each delivery.
    """
    told = _Round(stage.config, prepare(stage.config), simulation)
    for delivery in deliveries(simulation, told.account):
        told.hand_over(delivery)
        delivered(delivery.time)
    told.finish()
    committed = sweep(told.store)
    compact(told.store)
    return Collected(told.accounts, committed)


class _Round:
    """The collectors of all regions while the story is told; their clock is the simulated one."""

    def __init__(self, config: Config, store: Store, simulation: Simulation) -> None:
        self.store = store
        self.account = Account(simulation.incidents, simulation.parameters.start.timestamp())
        self.accounts: dict[str, Counter[str]] = {region: Counter() for region in config.regions}
        self._config = config
        self._objects: dict[tuple[str, str], bytes] = {}
        self._simulation = simulation
        self._minute = int(self.account.now) // 60
        self._asked = dict.fromkeys(config.regions, self._minute)
        self._probes = list(probes(simulation))
        self._collectors = {
            name: local.collector(config, store, name, self._fetch, self._now) for name in config.regions
        }

    def hand_over(self, delivery: Delivery) -> None:
        self._objects.update(delivery.objects)
        self.account.now = max(self.account.now, delivery.time)
        self._ask()
        answer = self._collectors[delivery.region].collect(delivery.event)
        self.accounts[delivery.region].update(answer.get("regionscope", answer))

    def finish(self) -> None:
        """Ask until all points of the last minutes are there."""
        for _ in range(5):
            self.account.now += 60
            self._ask()

    def _ask(self) -> None:
        """What is due by now: the metrics of two regions come as streams, the spans of one as logs.

        A collector that was silent asks for what it has missed.
        """
        while (self._minute + 1) * 60 <= self.account.now:
            self._minute += 1
            for region, kinds in _ASKED.items():
                while self._asked[region] < self._minute and not self._silent(region, self._minute * 60):
                    self._asked[region] += 1
                    self._pull(region, self._asked[region], kinds)
            self._probe()

    def _pull(self, region: str, minute: int, kinds: Sequence[pulls.Kind]) -> None:
        pulled = pulls.pull(self._config, self._collectors[region], self._client, minute, *kinds)
        for accounting in pulled.accounts.values():
            self.accounts[region].update(accounting.counts())

    def _silent(self, region: str, time: float) -> bool:
        return any(
            one.kind == "silent_collector" and one.region == region and one.lasts(time)
            for one in self._simulation.incidents
        )

    def _probe(self) -> None:
        """What the probes of the last minute saw; a silent collector made none."""
        due = [probe for probe in self._probes if probe.written + 60 <= self._minute * 60]
        self._probes = [probe for probe in self._probes if probe not in due]
        made = [probe for probe in due if not self._silent(probe.source, probe.written)]
        for region, collector in self._collectors.items():
            rows = [row(probe, self._simulation.clocks) for probe in made if probe.source == region]
            if rows:
                accounting = collector.record("probe", [Signals.of(PROBES, rows)])
                self.accounts[region].update(accounting.counts())

    def _client(self, service: str, region: str) -> Any:
        return client(self.account, region)(service)

    def _fetch(self, reference: Reference) -> bytes:
        return self._objects[reference.bucket, reference.key]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.account.now, UTC)


_ASKED: dict[str, tuple[pulls.Kind, ...]] = {
    "eu-west-1": ("traces", "metrics", "state"),
    "us-east-1": ("traces",),
}
