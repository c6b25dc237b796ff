"""How far a region's traces have been pulled, and what of the last ones is known: kept between runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from store import marks
from store.objects import Store

_COMPLETE, _RUNNING = 10_000, 1_000  # traces remembered; if it changes, one that is forgotten is listed again
_OWED = 1_000  # traces that were listed and not handed over; more are not remembered but listed again
_PATIENCE = timedelta(hours=24)  # so long is a trace read again until it is complete


class Known(NamedTuple):
    """A trace as it was last read: X-Ray's revision, if told, and a hash of its documents.

    The hash is None if X-Ray listed the trace but did not hand it over. `at` (epoch seconds) is when it was
    read, or, while it is not complete, when it was read first.
    """

    revision: int | None
    content: str | None
    at: float
    complete: bool


@dataclass(slots=True)
class Mark:
    """All that was listed before `until` is stored, but for the traces known to be incomplete."""

    name: str
    until: datetime | None = None
    traces: dict[str, Known] = field(default_factory=dict)

    @classmethod
    def read(cls, store: Store, region: str) -> Mark:
        """The region's mark; one without `until` before the first run."""
        name = f"xray/{region}"
        kept = marks.read(store, name)
        if kept is None:
            return cls(name)
        traces = {id: Known(*known) for id, known in kept["traces"].items()}
        return cls(name, datetime.fromisoformat(kept["until"]) if kept["until"] else None, traces)

    def write(self, store: Store) -> None:
        until = self.until.isoformat() if self.until else None
        value: dict[str, Any] = {"until": until, "traces": self.traces}
        marks.write(store, self.name, value)

    def is_new(self, id: str, revision: int | None) -> bool:
        """Whether this revision of the trace was not read yet, or not completely."""
        known = self.traces.get(id)
        return known is None or revision is None or known.revision != revision or not known.complete

    def incomplete(self) -> list[str]:
        """The traces with spans in progress, or that X-Ray has not handed over."""
        return [id for id, known in self.traces.items() if not known.complete]

    def can_remember(self) -> bool:
        """Whether so few traces are owed that they are read by their ids."""
        return sum(known.content is None for known in self.traces.values()) <= _OWED

    def forget(self, now: datetime, overlap: timedelta) -> list[str]:
        """Forget what need not be remembered any longer. The traces that X-Ray never handed over."""
        patient, listed = (now - _PATIENCE).timestamp(), ((self.until or now) - overlap).timestamp()
        traces = self.traces.items()
        owed = {id: known for id, known in traces if known.content is None and known.at >= patient}
        running = [
            each for each in traces if not each[1].complete and each[1].content and each[1].at >= patient
        ]
        complete = [each for each in traces if each[1].complete and each[1].at >= listed]
        lost = [id for id, known in traces if known.content is None and id not in owed]
        self.traces = owed | dict(running[-_RUNNING:]) | dict(complete[-_COMPLETE:])
        return lost
