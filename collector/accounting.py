"""What became of everything an invocation got: the counts, its one log line and its metrics."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

from opentelemetry import metrics

_log = logging.getLogger(__name__)

_meter = metrics.get_meter("regionscope.collector")
_records = _meter.create_counter(
    "regionscope.collector.records", unit="{record}", description="what became of received records"
)
_duration = _meter.create_histogram(
    "regionscope.collector.duration", unit="s", description="time from an event to its stored segments"
)


@dataclass(slots=True)
class Accounting:
    """Log events and rows of other tables, and one for each control message and each unreadable record.

    Once an invocation is over, received = stored + duplicate + control + quarantined. What was handed back to
    its trigger to be delivered again is not counted as received.
    """

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    control: int = 0
    quarantined: int = 0

    def add(self, other: Accounting) -> None:
        for name, count in other.counts().items():
            setattr(self, name, getattr(self, name) + count)

    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Report:
    """One invocation as its operators see it: no payload, no identity."""

    trigger: str
    region: str
    accounting: Accounting
    returned: int  # log events and records handed back to be delivered again
    error: str | None  # the kind of error that caused it
    seconds: float
    size: int  # characters of log messages

    def emit(self) -> None:
        """Write the log line and record the metrics."""
        counts = self.accounting.counts() | {"returned": self.returned}
        where = {"trigger": self.trigger, "region": self.region}
        line = where | counts | {"duration_ms": round(self.seconds * 1000, 1), "bytes": self.size}
        _log.log(
            logging.ERROR if self.error else logging.INFO,
            json.dumps({"message": "collected", **line, **({"error": self.error} if self.error else {})}),
        )
        for outcome, count in counts.items():
            if count and outcome != "received":
                _records.add(count, where | {"outcome": outcome})
        _duration.record(self.seconds, where)
