"""X-Ray's documents, alone or in what its APIs answer, as rows of `spans`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.decode import Misfit, documents
from collector.envelope import serialized
from collector.signals import Signals
from collector.xray import otel
from collector.xray.segment import Fields, Place, Row, exceptions, place, row
from store.schema import SPANS


@dataclass(slots=True)
class Spans:
    """Rows of spans, and what cannot be one."""

    rows: list[Row] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)

    def extend(self, other: Spans) -> None:
        self.rows += other.rows
        self.misfits += other.misfits

    def reject(self, document: bytes | Fields, reason: str) -> None:
        raw = document if isinstance(document, bytes) else serialized(document)
        self.misfits.append(Misfit(raw, reason, None))

    def signals(self) -> Signals:
        return Signals.of(SPANS, self.rows, self.misfits)


_SEGMENT = {"trace_id", "id", "name"}
_LIFE = {"start_time", "end_time", "in_progress"}
_ANSWER = {"Traces", "UnprocessedTraceIds"}
_AROUND = {"NextToken", "RetrievalStatus", "TraceFormat", "ResponseMetadata"}


def read(value: Any, raw: bytes) -> Sequence[Signals] | None:
    """The spans in a document of X-Ray, or in an answer of BatchGetTraces or ListRetrievedTraces.

    None if it is neither.
    """
    if not isinstance(value, dict):
        return None
    keys = value.keys()
    if otel.is_span(value) or (keys >= _SEGMENT and keys & _LIFE):
        return [_joined([(raw, value)]).signals()]
    if keys & _ANSWER and keys <= _ANSWER | _AROUND:
        found = answered(value)
        return [found.signals()] if found.rows or found.misfits else []
    return None


def answered(answer: Fields) -> Spans:
    """The spans in an answer of BatchGetTraces or ListRetrievedTraces; a misfit for each trace it lacks."""
    found = Spans()
    for trace in _list(answer, "Traces", found, {"Traces": answer.get("Traces")}):
        found.extend(_trace(trace))
    lacking = {"UnprocessedTraceIds": answer.get("UnprocessedTraceIds")}
    for id in _list(answer, "UnprocessedTraceIds", found, lacking):
        found.reject({"UnprocessedTraceIds": [id]}, "UnprocessedTraceIds: X-Ray has not delivered this trace")
    return found


def _trace(trace: Any) -> Spans:
    found, read = Spans(), []
    whole = {"Traces": [trace]}
    if not isinstance(trace, dict):
        found.reject(whole, "Traces must hold objects")
        return found
    for entry in _list(trace, "Segments", found, whole) + _list(trace, "Spans", found, whole):
        told = entry.get("Document") if isinstance(entry, dict) else None
        try:
            read.append(_read(told))
        except ValueError as error:
            alone = {"Traces": [{"Segments": [entry]}]}
            found.reject(told.encode(*_AS_SHOWN) if isinstance(told, str) else alone, f"Document {error}")
    found.extend(_joined(read))
    if trace.get("LimitExceeded") is True:
        for each in found.rows:
            each["attributes"]["aws.xray.limit_exceeded"] = "true"
    return found


def _list(holder: Fields, key: str, found: Spans, document: Fields) -> list[Any]:
    """What the holder lists there; if it is no list, the document is rejected."""
    value = holder.get(key) or []
    if isinstance(value, list):
        return value
    found.reject(document, f"{key} must be a list")
    return []


_AS_SHOWN = "utf-8", "backslashreplace"


def _read(document: Any) -> tuple[bytes, Fields]:
    """A document and what it says. Raises ValueError."""
    if not isinstance(document, str):
        raise ValueError("must be JSON in a text")
    raw = document.encode(*_AS_SHOWN)
    read = list(documents(raw))
    if len(read) != 1 or not isinstance(read[0].value, dict):
        raise ValueError(read[0].error if len(read) == 1 and read[0].error else "must be one JSON object")
    return raw, read[0].value


def _joined(read: Sequence[tuple[bytes, Fields]]) -> Spans:
    """The spans of documents of one trace: what one leaves out, another may say."""
    told = [each for _, top in read for each in _nested(top)]
    known = {id: exception for each in told for id, exception in exceptions(each).items()}
    found = Spans()
    for raw, top in read:
        found.extend(_span(raw, top) if otel.is_span(top) else _spans(raw, top, known))
    _name_services(found.rows)
    return found


def _nested(top: Fields) -> Iterator[Fields]:
    stack: list[Any] = [top]
    while stack:
        segment = stack.pop()
        if isinstance(segment, dict):
            yield segment
            below = segment.get("subsegments")
            stack += below if isinstance(below, list) else []


def _span(raw: bytes, top: Fields) -> Spans:
    found = Spans()
    try:
        found.rows.append(otel.row(top))
    except ValueError as error:
        found.reject(raw, str(error))
    return found


def _spans(raw: bytes, top: Fields, known: Mapping[str, Fields]) -> Spans:
    """The rows of a segment and of all those in it, from the outside in."""
    found = Spans()
    try:
        stack: list[tuple[Any, Place]] = [(top, place(top))]
    except ValueError as error:
        found.reject(raw, str(error))
        return found
    while stack:
        segment, at = stack.pop()
        try:
            each, below = row(segment, at, known), _subsegments(segment)
        except ValueError as error:
            found.reject(raw if segment is top else _independent(segment, at), str(error))
            continue
        found.rows.append(each)
        under = Place(at.written_id, at.trace_id, each["span_id"], at.service, part=True)
        stack += [(inner, under) for inner in reversed(below)]
    return found


def _subsegments(segment: Fields) -> list[Any]:
    below = segment.get("subsegments") or []
    if not isinstance(below, list):
        raise ValueError("subsegments must be a list")
    return below


def _independent(segment: Any, at: Place) -> Fields:
    """A subsegment, with those in it, as a document of its own."""
    fields = segment if isinstance(segment, dict) else {"subsegment": segment}
    return {**fields, "trace_id": at.written_id, "parent_id": at.parent_span_id, "type": "subsegment"}


def _name_services(rows: Sequence[Row]) -> None:
    """Give subsegments that came on their own the service of the segment they belong to, if that came too."""
    by_id = {each["span_id"]: each for each in rows}
    for each in rows:
        above: Row | None = each
        passed = set[str]()
        while above and above["service"] is None and above["span_id"] not in passed:
            passed.add(above["span_id"])
            above = by_id.get(above["parent_span_id"])
        each["service"] = above and above["service"]
