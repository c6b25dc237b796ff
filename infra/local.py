"""One machine: the collectors and the committer, driven in this process as AWS drives them as Lambdas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from collector.accounting import Accounting
from collector.envelope import Reference
from collector.handler import Collector
from regionscope.config import Config
from store import quarantine, tables
from store.commit import sweep
from store.objects import Store, open_store


def prepare(config: Config) -> Store:
    """The configuration's store, with its tables; they are created if they are not there."""
    store = open_store(config.store)
    tables.ensure(store)
    return store


def collector(
    config: Config, store: Store, region: str, fetch: Callable[[Reference], bytes] | None = None
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
    )


def ingest(config: Config, region: str, files: Iterable[Path], progress: Callable[[int], None]) -> Accounting:
    """Collect files and commit what they hold; rows that were committed before count as duplicate."""
    store = prepare(config)
    sweep(store)  # whatever an earlier process left is not to be counted here
    collect = collector(config, store, region).ingest
    total = Accounting()
    for number, file in enumerate(files, start=1):
        modified = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        total.add(collect(str(file), file.read_bytes(), modified))
        progress(number)
    known = sweep(store).duplicates
    total.stored -= known
    total.duplicate += known
    return total


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
