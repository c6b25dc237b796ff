"""Attribute values as texts: strings as they are, all else as JSON text, bytes in base64."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector.attributes import text
from collector.otlp.wire import FIXED64, LENGTH, VARINT, Messages, Places, fields

_STRING, _BOOL, _INT, _DOUBLE = 1, 2, 3, 4  # fields of AnyValue, in opentelemetry/proto/common/v1

_WORDS = pa.array(["false", "true"], pa.string())
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}  # as OTLP/JSON writes them


@dataclass(slots=True)
class _Pieces:
    """Texts of some rows after the other, and which piece each row got."""

    place: Places
    texts: list[pa.StringArray] = field(default_factory=list)
    size: int = 0

    def put(self, rows: Places, texts: pa.StringArray) -> None:
        self.place[rows] = np.arange(self.size, self.size + len(rows))
        self.texts.append(texts)
        self.size += len(rows)

    def joined(self) -> pa.StringArray:
        """The text of each row, null where it got none."""
        return gathered(pa.concat_arrays([*self.texts, _WORDS[:0]]), self.place)


def gathered(column: pa.Array, place: Places) -> pa.Array:
    """The entry at each place; null where the place is negative."""
    absent = place < 0
    return column.take(pa.array(place, mask=absent if absent.any() else None))


def texts(values: Messages) -> tuple[pa.StringArray, dict[int, Any]]:
    """The text of each AnyValue, null where it says nothing, and those that have parts, as Python values.

    Raises DecodeError or pa.ArrowInvalid if one cannot be read.
    """
    found = fields(values)
    alone = np.bincount(found.owner, minlength=len(values)) == 1
    pieces = _Pieces(np.full(len(values), -1))
    for number, wire, read in _SCALARS:
        rows, part = found.of(number, wire)
        if not alone.all():
            rows, part = rows[alone[rows]], part.only(alone[rows])
        if len(rows):
            pieces.put(rows, read(part))
    nested: dict[int, Any] = {}
    for row in np.nonzero(pieces.place < 0)[0].tolist():
        value = plain(AnyValue.FromString(values.at(row)))
        if isinstance(value, dict | list):
            nested[row] = value
        elif value is not None:
            pieces.put(np.array([row]), pa.array([text(value)]))
    return pieces.joined(), nested


def _doubles(part: Messages) -> pa.StringArray:
    numbers: NDArray[np.float64] = part.fixed("<f8")
    shown = pa.array(numbers).cast(pa.string())
    if np.isfinite(numbers).all():
        return shown
    return pa.array([_NOT_FINITE.get(each, each) for each in shown.to_pylist()])


_SCALARS = (
    (_STRING, LENGTH, lambda part: part.binary().cast(pa.string())),
    (_INT, VARINT, lambda part: pa.array(part.varints()).cast(pa.string())),
    (_BOOL, VARINT, lambda part: _WORDS.take(pa.array((part.varints() != 0).astype(np.int8)))),
    (_DOUBLE, FIXED64, _doubles),
)


def plain(value: AnyValue) -> Any:
    """An AnyValue as a Python value: None, a scalar, a list or a dict; bytes as base64 text."""
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return mapping(value.kvlist_value.values)
    if kind == "array_value":
        return [plain(each) for each in value.array_value.values]
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return kind and getattr(value, kind)


def mapping(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes as Python values; of two with one name the last."""
    return {pair.key: plain(pair.value) for pair in pairs}
