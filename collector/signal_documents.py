"""JSON documents that hold other signals than log lines: which module reads which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from collector.events import document as event_document
from collector.metrics import stream as metric_stream
from collector.otlp import decode as otlp
from collector.signals import Signals
from collector.xray import document as xray_document

# Each takes a document, parsed and as delivered, and answers None if it is not its own.
_READERS: tuple[Callable[[Any, bytes], Sequence[Signals] | None], ...] = (
    xray_document.read,
    event_document.read,
    metric_stream.read,
    otlp.read,
)


def read(value: Any, raw: bytes) -> Sequence[Signals] | None:
    """The signals in a document, none if it says nothing to keep; None if it is no kind that we know."""
    answers = (reader(value, raw) for reader in _READERS)
    return next((found for found in answers if found is not None), None)
