"""What travels through the collector: log events as parallel columns, one entry per event.

Columns rather than rows because every later step (redaction, fingerprints, Arrow) works on whole columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """What all events of one document or object share. None is unknown."""

    log_group: str | None = None
    log_stream: str | None = None
    account_id: str | None = None
    region: str | None = None
    header: tuple[str, ...] | None = None  # field names a log file declared (CloudFront, VPC flow)


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
        start = 0
        for source, run in groupby(self.source):
            end = start + len(list(run))
            yield source, start, end
            start = end

    def extend(self, other: Events) -> None:
        """Append another batch's events."""
        self.source += other.source
        self.event_id += other.event_id
        self.time += other.time
        self.message += other.message


@dataclass(slots=True)
class Parsed:
    """What the messages say, as parallel lists in the order of the messages; None where a message is silent.

    `attribute_keys[i]` and `attribute_values[i]` are equally long; many rows may share one tuple of keys.
    `template` is the text a fingerprint is made of: the human message, without the JSON around it.
    """

    time: list[int | None]
    account_id: list[str | None]
    region: list[str | None]
    service: list[str | None]
    severity_number: list[int | None]
    severity_text: list[str | None]
    trace_id: list[str | None]
    span_id: list[str | None]
    request_id: list[str | None]
    session_id: list[str | None]
    user_id: list[str | None]
    http_status: list[int | None]
    duration_ms: list[float | None]
    error_type: list[str | None]
    template: list[str]
    attribute_keys: list[Sequence[str]]
    attribute_values: list[Sequence[str | None]]

    @classmethod
    def blank(cls, messages: Sequence[str]) -> Parsed:
        """Nothing recognised yet: every message its own template."""
        size = len(messages)
        blank: dict[str, Any] = {column.name: [None] * size for column in fields(cls)}
        blank |= {"template": list(messages), "attribute_keys": [()] * size, "attribute_values": [()] * size}
        return cls(**blank)
