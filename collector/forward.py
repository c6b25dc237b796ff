"""Fan-out: what was stored also goes to another backend by OTLP, in its own time.

It never holds up what it follows: rows wait in a bounded queue, and what finds no room there, or no backend,
is dropped from the forwarding, which is counted. The rows themselves are in the store, redacted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from opentelemetry import metrics

from store.schema import Table

Send = Callable[[list[dict[str, Any]]], bool]  # rows of one table; whether the backend has them

_BATCH = 512  # rows of one export: what the SDK's own processors send
_ROWS = 50_000  # that may wait

_records = metrics.get_meter("regionscope.forward").create_counter(
    "regionscope.forward.records", unit="{record}", description="what became of records to be forwarded"
)


class Forwarder:
    """Sends rows with a thread of its own, by table; tables that are not in `sends` are not forwarded."""

    def __init__(self, sends: Mapping[str, Send], capacity: int = _ROWS) -> None:
        self._sends = sends
        self._capacity = capacity
        self._waiting: deque[tuple[str, pa.Table]] = deque()
        self._rows = 0  # that wait or are under way
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def __call__(self, table: Table, rows: pa.Table) -> None:
        """Take rows over, or drop them if too many wait. Returns at once and raises nothing."""
        if table.name not in self._sends:
            return
        with self._change:
            if self._rows + len(rows) > self._capacity:
                _count(table.name, "dropped", len(rows))
                return
            self._rows += len(rows)
            self._waiting.append((table.name, rows))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="forward", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait until all rows are sent or dropped, but no longer than that; whether they are."""
        with self._change:
            return self._change.wait_for(lambda: not self._rows, seconds)

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: bool(self._waiting))
                table, rows = self._waiting.popleft()
            for start in range(0, len(rows), _BATCH):
                batch = rows.slice(start, _BATCH)
                _count(table, "sent" if self._sent(table, batch) else "dropped", len(batch))
                with self._change:
                    self._rows -= len(batch)
                    self._change.notify_all()

    def _sent(self, table: str, rows: pa.Table) -> bool:
        try:
            return self._sends[table](rows.to_pylist())
        except Exception:  # noqa: BLE001 - whatever is wrong there, the next batch is tried
            return False


def _count(table: str, outcome: str, count: int) -> None:
    _records.add(count, {"table": table, "outcome": outcome})
