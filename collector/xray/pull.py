"""X-Ray's traces of a region, pulled on a schedule.

Each run reads what changed since the last one, and a bit more (the overlap), for X-Ray lists a trace later
than it gets it. Reading twice is harmless: the committer knows a span by its trace, id and start. The mark
moves on when what was listed before it is stored; a run that is killed, or fails in part, is repeated.

Where Transaction Search is on, X-Ray indexes only a part of the traces (1 % by default), GetTraceSummaries
lists only those, and their segments are not with X-Ray but in the log group aws/spans. A subscription of that
group is what collects every span. The pull still retrieves the traces that are listed, in the same format, so
that a span which comes both ways is one row. Where a trace is, is found out by asking for it: X-Ray still has
those from before Transaction Search was switched on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.handler import Collector
from collector.moment import micros
from collector.pulled import Pulled
from collector.refusal import REFUSALS, reason
from collector.signals import Signals
from collector.trace import trace_id
from collector.xray import traces
from collector.xray.document import answered
from collector.xray.mark import Known, Mark
from collector.xray.traces import Had, Trace
from store.layout import content_id
from store.schema import EVENTS

_log = logging.getLogger(__name__)

_RETENTION = timedelta(days=30)  # of X-Ray
_FIRST = timedelta(hours=6)  # what the first run reads
_SLICE = timedelta(minutes=15)  # asked for at once; GetTraceSummaries takes up to 6 hours
_SLICES = 96  # per run: a day of what was missed
_TRACES = 1_000  # stored at once

Revisions = Mapping[str, int | None]


@dataclass(slots=True)
class Traces(Pulled):
    """Beside what was recorded the traces that were read, and how far the run came."""

    traces: int = 0
    until: datetime | None = None


def pull(collector: Collector, client: Callable[[str], Any], overlap: timedelta) -> Traces:
    """Store the spans of all traces that changed since the last run, in the collector's region.

    `client` gives a boto3 client by the name of the service. What X-Ray refuses is asked for again by the
    next run. Raises whatever keeps the store or a zone's key out of reach; then the mark stays where it was.
    """
    run = _Run(collector, client("xray"), Mark.read(collector.store, collector.region), overlap)
    run.again()
    for start, end in run.slices():
        whole = run.slice(start, end)
        if whole:
            run.mark.until = end
        run.keep()
        if not whole:
            break
    until = run.pulled.until = run.mark.until
    told = {"traces": run.pulled.traces, "until": until.isoformat() if until else None}
    run.pulled.report(_log, "traces pulled", collector.region, **told)
    return run.pulled


@dataclass(slots=True)
class _Run:
    collector: Collector
    xray: Any
    mark: Mark
    overlap: timedelta
    pulled: Traces = field(default_factory=Traces)
    asked: set[str] = field(default_factory=set)  # the traces; one that changes meanwhile, the next run reads
    searched: bool | None = None  # whether Transaction Search is on, once that was asked

    def slices(self) -> Iterator[tuple[datetime, datetime]]:
        """The times to ask for, oldest first."""
        now = self.collector.now()
        start = self.mark.until - self.overlap if self.mark.until else now - _FIRST
        if self.mark.until and self.mark.until < now - _RETENTION:
            self.pulled.problems.append("traces are lost: X-Ray keeps them for 30 days")
            self._record(_gap(self.mark.until, now - _RETENTION))
        start = max(start, now - _RETENTION)
        for _ in range(_SLICES):
            end = min(start + _SLICE + self.overlap, now)
            yield start, end
            if end == now:
                return
            start = end - self.overlap

    def again(self) -> None:
        """Read the traces that were not complete when they were last read."""
        known = self.mark.traces
        ids = self.mark.incomplete()
        if ids:
            oldest = min(known[id].at for id in ids)
            since = datetime.fromtimestamp(oldest, UTC) - self.overlap
            self._read({id: known[id].revision for id in ids}, since, self.collector.now())

    def slice(self, start: datetime, end: datetime) -> bool:
        """Store the traces that changed in that time.

        True if the mark may move on: all were listed, and those not handed over can be remembered.
        """
        changed: dict[str, int | None] = {}
        whole = True
        try:
            for page in traces.listed(self.xray, start, end):
                changed |= page
        except REFUSALS as error:
            self.pulled.problems.append(f"traces from {start} to {end} could not be listed: {reason(error)}")
            whole = False
        fresh = (id for id in changed.keys() - self.asked if self.mark.is_new(id, changed[id]))
        self._read({id: changed[id] for id in sorted(fresh)}, start - self.overlap, end)
        return whole and self.mark.can_remember()

    def keep(self) -> None:
        """Write the mark; what X-Ray never handed over is given up, and quarantined."""
        lost = self.mark.forget(self.collector.now(), self.overlap)
        if lost:
            self.pulled.problems.append(f"{len(lost)} traces were never handed over and are given up")
            self._record(answered({"UnprocessedTraceIds": lost}).signals())
        self.mark.write(self.collector.store)

    def _read(self, wanted: Revisions, start: datetime, end: datetime) -> None:
        ids = list(wanted)
        self.asked |= wanted.keys()
        for first in range(0, len(ids), _TRACES):
            some = ids[first : first + _TRACES]
            had = traces.got(self.xray, some)
            missing = [id for id in some if id not in had.traces]
            if missing and not had.problems:
                had.extend(self._found(missing, start, end))
            self.pulled.problems += had.problems
            self.pulled.traces += len(had.traces)
            self._store(had.traces, wanted)
            for id in missing:
                known = self.mark.traces.get(id)
                if id not in had.traces and (known is None or known.complete):
                    self._know(id, wanted[id], None, complete=False)

    def _found(self, missing: Sequence[str], start: datetime, end: datetime) -> Had:
        """What the log group of Transaction Search has of them, if that is on."""
        try:
            if self.searched is None:
                self.searched = traces.searched(self.xray)
        except REFUSALS as error:
            return Had(problems=[f"whether Transaction Search is on could not be asked: {reason(error)}"])
        return traces.retrieved(self.xray, missing, start, end) if self.searched else Had()

    def _store(self, had: Mapping[str, Trace], revisions: Revisions) -> None:
        """Store the traces that say something new, and remember all."""
        contents = {id: _content(trace) for id, trace in had.items()}
        known = {id: self.mark.traces[id] for id in had if id in self.mark.traces}
        same = {id: each.complete for id, each in known.items() if each.content == contents[id]}
        spans = answered({"Traces": [trace for id, trace in had.items() if id not in same]})
        if spans.rows or spans.misfits:
            self._record(spans.signals())
        ended = {(row["trace_id"], row["span_id"]) for row in spans.rows if row["duration_ms"] is not None}
        running = {row["trace_id"] for row in spans.rows if (row["trace_id"], row["span_id"]) not in ended}
        for id, content in contents.items():
            self._know(id, revisions[id], content, complete=same.get(id, trace_id(id) not in running))

    def _know(self, id: str, revision: int | None, content: str | None, complete: bool) -> None:
        known = self.mark.traces.pop(id, None)  # to the end: the oldest are forgotten first
        at = known.at if known and not known.complete else self.collector.now().timestamp()
        self.mark.traces[id] = Known(revision, content, at, complete)

    def _record(self, signals: Signals) -> None:
        self.pulled.accounting.add(self.collector.record("xray", [signals]))


def _content(trace: Trace) -> str:
    """A hash of the trace's documents, in whatever order they come."""
    entries = [*(trace.get("Segments") or ()), *(trace.get("Spans") or ())]
    return content_id(
        sorted(str(entry.get("Document")).encode("utf-8", "surrogatepass") for entry in entries)
    )


def _gap(until: datetime, start: datetime) -> Signals:
    """The event that says which traces nobody will ever have."""
    title = f"X-Ray no longer has the traces from {until:%Y-%m-%d %H:%M} to {start:%Y-%m-%d %H:%M} UTC"
    since = until.isoformat()
    event = {"kind": "collector", "subject": "xray", "state": "gap", "title": title}
    return Signals.of(EVENTS, [event | {"time": micros(since), "event_id": content_id([since.encode()])}])
