"""JSON messages: parsed, grouped by their keys, and opened column by column to one level of dotted keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from collector.columns import Column, Source
from collector.fields import FieldMap
from collector.formats.block import Block, Reading
from collector.formats.dialect import CONTAINERS
from collector.formats.json_dialects import dialect_of
from collector.formats.json_shapes import Alike, shapes

DEPTH = 32  # levels of objects that become dotted keys; what is nested deeper is treated as text
_FEW = 4  # messages of one shape that are worth a look at the shape
_WRAPS = 3  # how often JSON may be encoded in JSON
_WRAPPING = ("message", "msg", "body")  # fields whose object is the record itself

Record = dict[str, Any]
Shape = tuple[Any, ...]  # the keys of a record; one of an object stands in a pair with the object's shape


class _TooDeep(Exception):
    """Nested deeper than anything worth a column."""


def read(
    rows: Sequence[int], messages: Sequence[str], sources: Sequence[Source], fields: FieldMap
) -> Reading:
    """Blocks of the rows that hold a JSON object; whatever else is unread."""
    groups: dict[Shape, tuple[list[int], list[Record]]] = {}
    unread: list[int] = []
    for row in rows:
        record, shape = _loaded(messages[row], fields)
        if not shape:
            unread.append(row)
            continue
        group = groups.get(shape)
        if group is None:
            group = groups[shape] = ([], [])
        group[0].append(row)
        group[1].append(record)
    return Reading([_block(shape, *group) for shape, group in groups.items()], unread)


def alike(messages: pa.StringArray, fields: FieldMap) -> list[Block]:
    """Blocks of those messages that hold JSON objects and share their shape with several others."""
    return [block for each in shapes(messages, _FEW) if (block := _read_at_once(each, fields))]


def _read_at_once(alike: Alike, fields: FieldMap) -> Block | None:
    """The block of messages of one shape; None if they have to be read one by one."""
    record, shape = _loaded(alike.skeleton, fields)
    if not shape:
        return None
    named = {key: column[0] for key, column in _columns(shape, [record]).items()}
    columns = {key: _values(alike, place) for key, place in named.items()}
    complete = sorted(map(str, named.values())) == sorted(map(str, range(alike.count)))
    inner = (columns[name] for name in fields.message if name in record and name in columns)
    if None in columns.values() or not complete or any(map(_may_hold_record, inner)):
        return None
    return Block.of(alike.rows, columns, dialect_of(tuple(columns)))


def _values(alike: Alike, place: Any) -> Column | None:
    """The values with this number, given as a string if they are strings; None if they cannot be read."""
    if type(place) is str:
        return alike.column(int(place)) if place.isdecimal() else None
    if type(place) is not int:
        return None
    try:
        values: list[Any] = orjson.loads(f"[{','.join(alike.column(place).to_pylist())}]")
    except orjson.JSONDecodeError:
        return None
    return values


def _may_hold_record(values: Column) -> bool:
    return (
        isinstance(values, pa.Array) and pc.any(pc.starts_with(pc.utf8_ltrim_whitespace(values), "{")).as_py()
    )


def opened(message: str, fields: FieldMap) -> Record | None:
    """The fields of a JSON object, with dotted keys and no containers in them; None if it has none."""
    record, shape = _loaded(message, fields)
    if not shape:
        return None
    return {key: column[0] for key, column in _columns(shape, [record]).items()}


def _loaded(message: str, fields: FieldMap) -> tuple[Record, Shape]:
    """A JSON object and its shape, which is empty if it has no fields or cannot be read.

    The message begins with a brace, so whatever JSON it is, it is an object.
    """
    try:
        record: Record = orjson.loads(message)
        if message.find("{", 1) < 0 and "[" not in message:
            return record, tuple(record)
        record = _unwrapped(record, fields)
        return record, _shape(record, DEPTH)
    except (ValueError, TypeError, _TooDeep):  # orjson: no JSON, and too deep to write again
        return {}, ()


def _unwrapped(record: Record, fields: FieldMap) -> Record:
    """The record with the fields of a record found inside its message; the outer ones stand first."""
    for _ in range(_WRAPS):
        for name in fields.message:
            inner = _record_in(name, record[name]) if name in record else None
            if inner is not None:
                del record[name]
                record |= {key if key not in record else f"{name}.{key}": inner[key] for key in inner}
                break
        else:
            return record
    return record


def _record_in(name: str, value: Any) -> Record | None:
    if type(value) is str and value.lstrip()[:1] == "{":
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
        return value if type(value) is dict else None
    return value if type(value) is dict and value and name in _WRAPPING else None


def _shape(record: Record, depth: int) -> Shape:
    """The shape of a record, in which every list and every object without fields becomes text."""
    if not depth:
        raise _TooDeep
    shape: list[Any] = list(record)
    for place, kind in enumerate(map(type, record.values())):
        if kind is dict or kind is list:
            key = shape[place]
            value = record[key]
            if kind is dict and value:
                shape[place] = key, _shape(value, depth - 1)
            else:
                record[key] = orjson.dumps(value).decode()
    return tuple(shape)


def _block(shape: Shape, rows: list[int], records: list[Record]) -> Block:
    columns = _columns(shape, records)
    return Block.of(rows, columns, dialect_of(tuple(columns)))


def _columns(
    shape: Shape, records: Sequence[Record], prefix: str = "", columns: dict[str, Sequence[Any]] | None = None
) -> dict[str, Sequence[Any]]:
    """The values of each key of records of one shape, under dotted keys and without containers."""
    columns = {} if columns is None else columns
    for key, values in zip(shape, zip(*map(dict.values, records), strict=True), strict=True):
        if type(key) is str:
            columns[prefix + key] = values
        else:
            name = f"{prefix}{key[0]}."
            _columns(key[1], values, "" if name in CONTAINERS else name, columns)
    return columns
