"""The demo: the payloads of a simulated shop in three regions, through the real collectors."""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from collector.envelope import Reference
from demo.deliveries import deliveries
from demo.shop import Parameters, simulate, truth
from infra import local
from regionscope.config import Config, load
from store.commit import CommitResult, sweep
from store.compact import compact

DIRECTORY = Path("regionscope-demo")
TRUTH = "ground-truth.jsonl"

CONFIGURATION = """\
# Written by `regionscope demo`: three regions in three residency zones.
store = "store"

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


def write_truth(stage: Stage, parameters: Parameters) -> None:
    """What really happened to each simulated request, one JSON object per line."""
    with (stage.file.parent / TRUTH).open("wb") as file:
        for record in truth(simulate(parameters)):
            file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))


def collect(stage: Stage, parameters: Parameters, delivered: Callable[[float], None]) -> Collected:
    """Every delivery through its region's collector, then committed and compacted.

    `delivered` hears the simulated time, epoch seconds, of each delivery.
    """
    store = local.prepare(stage.config)
    objects: dict[tuple[str, str], bytes] = {}

    def fetch(reference: Reference) -> bytes:
        return objects[reference.bucket, reference.key]

    collectors = {name: local.collector(stage.config, store, name, fetch) for name in stage.config.regions}
    accounts: dict[str, Counter[str]] = {region: Counter() for region in collectors}
    for delivery in deliveries(simulate(parameters)):
        objects.update(delivery.objects)
        answer = collectors[delivery.region].collect(delivery.event)
        accounts[delivery.region].update(answer.get("regionscope", answer))
        delivered(delivery.time)
    committed = sweep(store)
    compact(store)
    return Collected(accounts, committed)
