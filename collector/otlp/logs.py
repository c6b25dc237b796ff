"""Log records of OTLP as rows of `logs`: opentelemetry/proto/logs/v1/logs.proto."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from collector import severity
from collector.attributes import text
from collector.fields import FieldMap
from collector.formats.roles import ROLES
from collector.otlp import values
from collector.otlp.attributes import Picker
from collector.otlp.records import Columns, Records, correlation
from collector.otlp.request import Request
from collector.otlp.wire import FIXED32, FIXED64, LENGTH, VARINT

LOG_GROUP = "otlp"
_STREAM = ("service.instance.id", "host.name", "service.name")


def columns(request: Request, records: Records, names: FieldMap) -> Columns:
    """The columns of a request's log records. Raises DecodeError or pa.ArrowInvalid if one cannot be read.

    A record that tells no time gets that at which it is stored.
    """
    size = len(records)
    time, observed = records.numbers(1, FIXED64), records.numbers(11, FIXED64)
    words = records.texts(3)
    told = {
        "time": records.moments(np.where(time == 0, observed, time), "timeUnixNano"),
        "severity_number": _severities(records, words),
        "severity_text": words,
        "body": _bodies(records),
        "trace_id": _ids(records, 9, 16, "traceId"),
        "span_id": _ids(records, 10, 8, "spanId"),
        "log_group": pa.repeat(LOG_GROUP, size),
        "event_id": _event_ids(records.raw),
    }
    records.write("event.name", records.texts(12))
    records.note("flags", records.numbers(8, FIXED32))
    records.note("droppedAttributesCount", records.numbers(7, VARINT))
    found = records.attributes(6, request.spread())
    picker = Picker(found, size)
    told["log_stream"] = picker.texts(_STREAM, keep=True)
    told |= correlation(picker, names)
    told["duration_ms"] = picker.converted(names.duration, ROLES["duration_ms"].convert)
    return told | {"attributes": found.maps(size, picker.kept)}


def _severities(records: Records, words: pa.StringArray) -> pa.Array:
    """OpenTelemetry's number; that of the word where there is none."""
    numbers = records.numbers(2, VARINT)
    known = (numbers >= 1) & (numbers <= 24)
    if known.all() or words.null_count == len(words):
        return pa.array(numbers, pa.int32(), mask=~known)
    pairs = zip(numbers.tolist(), words.to_pylist(), strict=True)
    return [severity.otel(number) or severity.number(word) for number, word in pairs]


def _bodies(records: Records) -> pa.StringArray:
    """Text as it is, anything else as compact JSON."""
    owner, part = records.fields.of(5, LENGTH)
    texts, nested = values.texts(part)
    place = np.full(len(records), -1)
    place[owner] = np.arange(len(owner))
    if nested:
        whole = texts.to_pylist()
        for row, value in nested.items():
            whole[row] = text(value)
        texts = pa.array(whole, pa.string())
    return values.gathered(texts, place)


def _ids(records: Records, number: int, width: int, name: str) -> pa.StringArray:
    """The ids; one of another length is none, and kept as an attribute."""
    ids, odd = records.ids(number, width)
    if odd.any():
        owner, part = records.fields.of(number, LENGTH)
        records.keep(
            [(row, name, part.at(place).hex()) for place, row in enumerate(owner.tolist()) if odd[row]]
        )
    return ids


def _event_ids(raw: Sequence[bytes]) -> list[str]:
    """What a record says, and how many that say the same stand before it: sent again, it has the same id."""
    digests = [blake2b(record, digest_size=16).hexdigest() for record in raw]
    if len(set(digests)) == len(digests):
        return digests
    seen: Counter[str] = Counter()
    ids = []
    for digest in digests:
        ids.append(f"{digest}-{seen[digest]}" if seen[digest] else digest)
        seen[digest] += 1
    return ids
