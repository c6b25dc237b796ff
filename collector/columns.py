"""What travels through the collector: log events as parallel columns, one entry per event.

Columns rather than rows because every later step (redaction, fingerprints, Parquet) works on whole columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from collector.texts import arrow

Column = Sequence[Any] | pa.StringArray  # values as JSON has them, or texts alone


@dataclass(frozen=True, slots=True)
class Source:
    """What all events of one document or object share. None is unknown."""

    log_group: str | None = None
    log_stream: str | None = None
    account_id: str | None = None
    region: str | None = None
    header: tuple[str, ...] | None = None  # field names a log file declared (CloudFront, VPC flow)


def runs(sources: Sequence[Source]) -> Iterator[tuple[Source, int, int]]:
    """Each source with the rows that have it side by side: the first, and the one after."""
    names = np.fromiter(map(id, sources), np.int64, len(sources))
    ends = [*(np.flatnonzero(np.diff(names)) + 1).tolist(), len(sources)] if sources else []
    for start, end in pairwise([0, *ends]):
        yield sources[start], start, end


@dataclass(slots=True)
class Events:
    """Log events as delivered: parallel lists.

    `time` is epoch microseconds, None where only the message knows.
    """

    source: list[Source] = field(default_factory=list)
    event_id: list[str] = field(default_factory=list)
    time: list[int | None] = field(default_factory=list)
    message: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.message)

    def runs(self) -> Iterator[tuple[Source, int, int]]:
        """Each source with the rows of its events that stand side by side: the first, and the one after."""
        return runs(self.source)

    def extend(self, other: Events) -> None:
        """Append another batch's events."""
        self.source += other.source
        self.event_id += other.event_id
        self.time += other.time
        self.message += other.message


@dataclass(slots=True)
class Parsed:
    """What the messages say, as Arrow columns in the order of the messages; null where a message is silent.

    `template` is the text a fingerprint is made of: the human message, without the JSON around it.
    """

    time: pa.Int64Array  # epoch microseconds
    account_id: pa.StringArray
    region: pa.StringArray
    service: pa.StringArray
    severity_number: pa.Int32Array
    severity_text: pa.StringArray
    trace_id: pa.StringArray
    span_id: pa.StringArray
    request_id: pa.StringArray
    session_id: pa.StringArray
    user_id: pa.StringArray
    http_status: pa.Int32Array
    duration_ms: pa.DoubleArray
    error_type: pa.StringArray
    template: pa.StringArray
    attributes: pa.MapArray

    @classmethod
    def blank(cls, messages: Sequence[str]) -> Parsed:
        """Nothing recognised yet: every message its own template."""
        size = len(messages)
        blank = {column.name: pa.nulls(size, type_of(column.name)) for column in fields(cls)}
        none = pa.MapArray.from_arrays([0] * (size + 1), arrow([]), arrow([]))
        return cls(**(blank | {"template": arrow(messages), "attributes": none}))


_TYPES = {
    "time": pa.int64(),
    "severity_number": pa.int32(),
    "http_status": pa.int32(),
    "duration_ms": pa.float64(),
    "attributes": pa.map_(pa.string(), pa.string()),
}


def type_of(column: str) -> pa.DataType:
    """The type of a column of Parsed."""
    return _TYPES.get(column, pa.string())
