"""From OTLP requests to signals: what is in one as columns, and each record that cannot be a row alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from collector.decode import Misfit, Unreadable
from collector.fields import FieldMap
from collector.otlp import cloudwatch, document, logs, metrics, spans
from collector.otlp.records import Irregular, Records
from collector.otlp.request import DAMAGED, KINDS, Kind, Request, Write, opened
from collector.signals import Signals

_COLUMNS = {"logs": logs.columns, "traces": spans.columns}

STREAM = "otlp/"  # and the signal: the stream of a delivery that is a request in protobuf

_FIELDS = FieldMap()


def protobuf(kind: Kind, body: bytes, names: FieldMap = _FIELDS, write: Write = bytes) -> list[Signals]:
    """The signals of a request. `write` says how a request with one record is written, as a misfit.

    Raises Unreadable if it is none.
    """
    request = opened(kind, body)
    if kind.signal == "metrics":
        return metrics.signals(request, write)
    try:
        return [_signals(request, names, write)]
    except (Irregular, DecodeError, ValueError):  # one of its records is damaged, or unusual
        request, misfits = _regular(request, write)
        signals = _signals(request, names, write)
        signals.misfits += misfits
        return [signals]


def json(kind: Kind, value: Any, names: FieldMap = _FIELDS) -> list[Signals]:
    """The same of an OTLP/JSON document. Raises Unreadable."""
    body, misfits = document.protobuf(kind, value)
    signals = protobuf(kind, body, names, partial(document.json, kind))
    signals[0].misfits += misfits
    return signals


def delivered(stream: str | None, body: bytes, names: FieldMap = _FIELDS) -> list[Signals] | None:
    """The signals of a payload in protobuf, by where it came from; None if it is none. Raises Unreadable."""
    if stream and stream.startswith(STREAM):
        return protobuf(KINDS[stream.removeprefix(STREAM)], body, names)  # type: ignore[index]
    return _streamed(body)


def _streamed(data: bytes) -> list[Signals] | None:
    """The metrics in a record of a CloudWatch metric stream in protobuf; None if it is none."""
    bodies = cloudwatch.requests(data)
    if bodies is None:
        return None
    try:
        # Side by side they are one request.
        return protobuf(KINDS["metrics"], b"".join(bodies), write=cloudwatch.framed)
    except Unreadable:
        return None


def read(value: Any, raw: bytes, names: FieldMap = _FIELDS) -> Sequence[Signals] | None:
    """The signals of a JSON document; None if it is not of OTLP."""
    found: list[Signals] = []
    kinds = document.kinds(value)
    for kind in kinds:
        try:
            found += json(kind, value, names)
        except Unreadable as error:
            found.append(Signals(kind.table, misfits=[Misfit(raw, str(error), None)]))
    return found if kinds else None


def _signals(request: Request, names: FieldMap, write: Write) -> Signals:
    """Raises Irregular, DecodeError or ValueError if a record is not what the protobuf library writes."""
    table, read = request.kind.table, _COLUMNS[request.kind.signal]
    if not request.records:
        return Signals(table)
    records = Records.of(request.records)
    columns = read(request, records, names)
    if not records.faults:
        return Signals(table, columns)
    misfits = [
        Misfit(write(request.alone(row)), reason, None) for row, reason in sorted(records.faults.items())
    ]
    sound = np.delete(np.arange(len(records)), sorted(records.faults))
    signals = _signals(request.only(sound), names, write)
    return Signals(table, signals.columns, misfits)


def _regular(request: Request, write: Write) -> tuple[Request, list[Misfit]]:
    """The records as the protobuf library writes them, and those it cannot read."""
    misfits, regular, kept = [], [], []
    for row, raw in enumerate(request.records):
        record = request.kind.record()
        try:
            record.ParseFromString(raw)
        except DecodeError:
            misfits.append(Misfit(write(request.alone(row)), DAMAGED, None))
        else:
            record.DiscardUnknownFields()
            regular.append(record.SerializeToString(deterministic=True))
            kept.append(row)
    return replace(request, records=regular, group=request.group[np.array(kept, np.int64)]), misfits
