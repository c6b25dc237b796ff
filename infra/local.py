"""One machine: the collectors and the committer, driven in this process as AWS drives them as Lambdas."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from collector.accounting import Accounting
from collector.clients import Clients
from collector.envelope import Reference
from collector.forward import Forwarder
from collector.handler import Collector
from collector.otlp.export import forwarder as otlp_forwarder
from collector.otlp.intake import Intake
from infra import pulls
from infra.hub import prepare
from infra.pulls import Round
from regionscope.config import Config
from store import quarantine
from store.commit import sweep
from store.objects import Store

_log = logging.getLogger(__name__)

FLUSH = 10.0  # seconds that forwarding may go on once everything is stored


def collector(
    config: Config,
    store: Store,
    region: str,
    fetch: Callable[[Reference], bytes] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    forward: Forwarder | None = None,
) -> Collector:
    """The collector of a region, as the configuration wants it. `fetch` gets S3 objects; by default, from S3.

    A log may name a region that the configuration does not know; then the zone of the collector's own holds,
    or a line could talk its way out of redaction.
    """
    return Collector(
        region=region,
        store=store,
        zone_of=lambda named: config.zone(named if named in config.regions else region),
        fields=config.field_map(),
        exclude=config.logs.exclude,
        fetch=fetch,
        now=now,
        forward=forward,
    )


def ingest(config: Config, region: str, files: Iterable[Path], progress: Callable[[int], None]) -> Accounting:
    """Collect files and commit what they hold; rows that were committed before count as duplicate."""
    store = prepare(config)
    sweep(store)  # whatever an earlier process left is not to be counted here
    total = Accounting()
    with forwarding(config) as forward:
        collect = collector(config, store, region, forward=forward).ingest
        for number, file in enumerate(files, start=1):
            modified = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            total.add(collect(str(file), file.read_bytes(), modified))
            progress(number)
    known = sweep(store).duplicates
    total.stored -= known
    total.duplicate += known
    return total


def pull(config: Config, regions: Iterable[str], clients: Clients, minute: int) -> dict[str, Round]:
    """Fetch what the configuration wants in this minute, in all regions at once, and commit it."""
    store = prepare(config)
    with forwarding(config) as forward, ThreadPoolExecutor() as pool:
        collectors = {region: collector(config, store, region, forward=forward) for region in regions}
        runs = {
            region: pool.submit(pulls.pull, config, each, clients, minute)
            for region, each in collectors.items()
        }
    sweep(store)
    return {region: run.result() for region, run in runs.items()}


@contextmanager
def committing(store: Store, seconds: float) -> Iterator[None]:
    """Meanwhile, in a thread, commit what others deliver; and once more at the end."""
    stopped = Event()

    def commit() -> None:
        while not stopped.wait(seconds):
            try:
                sweep(store)
            except Exception as error:  # noqa: BLE001 - a store that is down is up again sometime
                _log.error(json.dumps({"message": "not committed", "error": type(error).__name__}))

    thread = Thread(target=commit, name="committer")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        sweep(store)


def forwarder(config: Config) -> Forwarder | None:
    """What sends stored rows on to another backend, if the configuration wants that."""
    wanted = config.forward
    return otlp_forwarder(wanted.endpoint, wanted.secrets, wanted.tables) if wanted.endpoint else None


@contextmanager
def forwarding(config: Config) -> Iterator[Forwarder | None]:
    """A forwarder that gets some time in the end to send what waits."""
    forward = forwarder(config)
    try:
        yield forward
    finally:
        if forward:
            forward.flush(FLUSH)


def intake(config: Config, collector: Collector) -> Intake:
    """The OTLP intake in front of a collector, as the configuration wants it."""
    return Intake(collector, config.otlp.secret(), config.otlp.max_body_bytes)


def replay(config: Config) -> Accounting:
    """Read the quarantined records again and commit what is readable now; that leaves quarantine.

    Raises KeyUnavailable if a zone's records are sealed and its key cannot be had.
    """
    store = prepare(config)
    total = Accounting()
    for entry in list(quarantine.entries(store)):
        rejected = quarantine.reveal(entry)
        accounting = collector(config, store, entry.region).replay(rejected)
        total.add(accounting)
        if not accounting.quarantined:
            quarantine.remove(store, [entry])
    sweep(store)
    return total


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and those in the folders named, in order; hidden ones are passed over."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                file
                for file in path.rglob("*")
                if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
        else:
            yield path
