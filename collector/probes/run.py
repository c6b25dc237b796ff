"""A region's run of probes: all of its pairs at once, its answers to others, and what is left to clean up."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from collector.accounting import Accounting
from collector.clients import Clients, shared
from collector.handler import Collector
from collector.probes import leftovers
from collector.probes.answering import answer
from collector.probes.leftovers import Leftover, Leftovers
from collector.probes.probing import Job, Row, failed, probe
from collector.probes.settings import Probe
from collector.probes.stamp import regions_of
from collector.probes.target import Target, copies, reader, writer
from collector.probes.watch import Clock, kind
from collector.signals import Signals
from store.schema import PROBES

_log = logging.getLogger(__name__)

_AT_ONCE = 32  # threads; each mostly sleeps


@dataclass(slots=True)
class _Done:
    """What pieces of work came to; `late` is what has to be cleaned up once more."""

    rows: list[Row] = field(default_factory=list)
    gone: list[Leftover] = field(default_factory=list)
    late: list[Leftover] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def add(self, other: _Done) -> None:
        self.rows += other.rows
        self.gone += other.gone
        self.late += other.late
        self.counts += other.counts
        self.problems += other.problems


def run(
    collector: Collector,
    clients: Clients,
    probes: Sequence[Probe],
    minute: int | None = None,
    clock: Clock | None = None,
) -> Accounting:
    """Probe each pair whose writer is the collector's region, and answer the echo probes of the others.

    `clients(service, region)` gives boto3 clients. `minute` is the one this run was scheduled for, counted
    from 1970, so that all regions agree on it; by default it is now. Raises whatever keeps the store or a
    zone's key out of reach.
    """
    region, now = collector.region, int(collector.now().timestamp())
    minute = now // 60 if minute is None else minute
    jobs = [Job(probe, pair, minute) for probe in probes if probe.due(minute) for pair in probe.pairs]
    own = [job for job in jobs if job.pair[0] == region]
    asked = [job for job in jobs if job.pair[1] == region and job.probe.mode == "echo"]
    known = Leftovers.read(collector.store, region)
    if own:
        known.plus([item for job in own for item in leftovers.of(job, now)]).write(collector.store)
    done = _Work(shared(clients), clock or Clock(), probes, now).all(own, asked, known.due(now))
    accounting = collector.record("probe", [Signals.of(PROBES, done.rows)])
    _remember(collector, done)
    _report(region, done)
    return accounting


@dataclass(frozen=True, slots=True)
class _Work:
    clients: Clients
    clock: Clock
    probes: Sequence[Probe]
    now: int

    def all(self, own: Sequence[Job], asked: Sequence[Job], due: Sequence[Leftover]) -> _Done:
        """Everything at once."""
        total = _Done()
        with ThreadPoolExecutor(_AT_ONCE, "probe") as pool:
            pieces = [pool.submit(self._answer, job) for job in asked]
            pieces += [pool.submit(self._probe, job) for job in own]
            pieces += [pool.submit(self._remove, item) for item in due]
        for piece in pieces:
            total.add(piece.result())
        return total

    def _answer(self, job: Job) -> _Done:
        try:
            answered = answer(job, writer(job.probe, job.pair[1], self.clients), self.clock)
        except Exception as error:  # noqa: BLE001 - the prober's row will say that no answer came
            return _Done(problems=[f"{job.key}: cannot be answered ({kind(error)})"])
        return _Done(counts=Counter(["answered" if answered else "unanswered"]))

    def _probe(self, job: Job) -> _Done:
        items = leftovers.of(job, self.now)
        try:
            here = writer(job.probe, job.pair[0], self.clients)
            there = reader(job.probe, *job.pair, self.clients)
            written = copies(job.probe, here, job.pair[0], self.clients)
        except Exception as error:  # noqa: BLE001 - the other pairs are probed
            row = failed(job, self.now * 1_000_000, "open", kind(error))
            return _Done([row], gone=items, counts=Counter(["error"]))
        told = probe(job, here, there, self.clock)
        if told is None:  # another run writes it and removes it; if that one dies, a later one does
            return _Done(counts=Counter(["skipped"]))
        done = _Done([told], counts=Counter([told["outcome"]]))
        settled = told["outcome"] == "visible" and here.deletes_replicate
        for item in items:
            done.add(_cleaned(item, written, settled))
        return done

    def _remove(self, item: Leftover) -> _Done:
        """What an earlier run left, or may have left."""
        region = regions_of(item.key)[0]
        resource = item.layer, item.resource
        of = (each for each in self.probes if region in each.resources)
        known = next((each for each in of if (each.layer, each.name(region)) == resource), None)
        if known is None:
            problem = (
                f"{item.key}: cannot be removed, {item.layer} {item.resource} is not configured any more"
            )
            return _Done(gone=[item], problems=[problem])
        try:
            targets = copies(known, writer(known, region, self.clients), region, self.clients)
        except Exception as error:  # noqa: BLE001 - tried again by a later run
            return _Done(late=[item], problems=[_kept(item, error)])
        return _cleaned(item, targets, settled=True)


def _cleaned(item: Leftover, targets: Sequence[Target], settled: bool) -> _Done:
    """Remove an item. If it is not `settled`, a copy may still be on its way."""
    problems = []
    for target in targets:
        try:
            target.delete(item.key)
        except Exception as error:  # noqa: BLE001 - tried again by a later run
            problems.append(_kept(item, error))
    if settled and not problems:
        return _Done(gone=[item])
    return _Done(late=[item], problems=problems)


def _kept(item: Leftover, error: Exception) -> str:
    return f"{item.key}: cannot be removed ({kind(error)})"


def _remember(collector: Collector, done: _Done) -> None:
    if done.gone or done.late:
        known = Leftovers.read(collector.store, collector.region)  # another run may have written since
        later = [leftovers.late(item) for item in done.late]
        known.minus(done.gone + done.late).plus(later).write(collector.store)


def _report(region: str, done: _Done) -> None:
    line = {"message": "probes run", "region": region, **done.counts, "problems": done.problems}
    _log.log(logging.WARNING if done.problems or done.counts["error"] else logging.INFO, json.dumps(line))
