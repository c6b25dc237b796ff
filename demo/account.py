"""The shop's AWS account: what the collectors have to ask for, as far as the story has been told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from demo.clocks import Clocks
from demo.incident import Incident
from demo.logs import SEARCH_REGION
from demo.metrics import KEPT, Metrics
from demo.replication import FILES
from demo.requests import Call, Request
from demo.spans import spans
from demo.xray_documents import Document, documents


@dataclass(frozen=True, slots=True)
class File:
    """An object, the region it was written in, and since when (epoch seconds) every region has it."""

    region: str
    written: float
    replicated: float


@dataclass(slots=True)
class Account:
    """The samples of all metrics, the segment documents X-Ray was sent, by region and trace, and the files.

    The story is told a little ahead of what is delivered of it; nobody can ask for what is after `now`, in
    epoch seconds.
    """

    incidents: Sequence[Incident] = ()
    now: float = 0.0
    metrics: Metrics = field(init=False)
    traces: dict[str, dict[str, list[Document]]] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.incidents)

    def observe(self, requests: Iterable[Request]) -> Iterator[Request]:
        """The same requests; each leaves its traces and samples when it passes."""
        clocks = Clocks(self.incidents)
        for request in requests:
            self.metrics.measure(request)
            traced = (span for span in spans(request) if span.region != SEARCH_REGION)
            for document in documents(traced, clocks):
                self._trace(document)
            for call in request.calls:
                self._file(call)
            yield request

    def _file(self, call: Call) -> None:
        if call.resource == FILES.name and call.visible:
            self.files[call.key] = File(call.region, call.start + call.duration, max(call.visible.values()))

    def _trace(self, document: Document) -> None:
        kept = self.traces.setdefault(document.region, {})
        kept.setdefault(document.trace_id, []).append(document)
        oldest = next(iter(kept))
        if kept[oldest][0].time < document.time - KEPT:
            del kept[oldest]
