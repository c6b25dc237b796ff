"""JSON messages: parsed, opened to one level of dotted keys, and grouped by their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from collector.columns import Source
from collector.fields import FieldMap
from collector.formats.block import Reading, readable
from collector.formats.dialect import CONTAINERS
from collector.formats.json_dialects import dialect_of

DEPTH = 32  # levels of objects that become dotted keys; what is nested deeper is treated as text
_WRAPS = 3  # how often JSON may be encoded in JSON
_WRAPPING = ("message", "msg", "body")  # fields whose object is the record itself


class _TooDeep(Exception):
    """Nested deeper than anything worth a column."""


def read(
    rows: Sequence[int], messages: Sequence[str], sources: Sequence[Source], fields: FieldMap
) -> Reading:
    """Blocks of the rows that hold a JSON object; whatever else is unread."""
    return readable(rows, [opened(messages[row], fields) for row in rows], dialect_of)


def opened(message: str, fields: FieldMap) -> dict[str, Any] | None:
    """The fields of a JSON object, with dotted keys and no containers in them; None if it has none.

    The message begins with a brace, so whatever JSON it is, it is an object.
    """
    try:
        record: dict[str, Any] = orjson.loads(message)
        if message.find("{", 1) >= 0 or "[" in message:
            flat: dict[str, Any] = {}
            _flatten(_unwrapped(record, fields), "", flat, DEPTH)
            record = flat
    except (ValueError, TypeError, _TooDeep):  # orjson: no JSON, and too deep to write again
        return None
    return record or None


def _unwrapped(record: dict[str, Any], fields: FieldMap) -> dict[str, Any]:
    """The record with the fields of a record found inside its message; the outer ones stand first."""
    for _ in range(_WRAPS):
        for name in fields.message:
            inner = _record_in(name, record.get(name))
            if inner is not None:
                del record[name]
                record |= {key if key not in record else f"{name}.{key}": inner[key] for key in inner}
                break
        else:
            return record
    return record


def _record_in(name: str, value: Any) -> dict[str, Any] | None:
    if type(value) is str and value.lstrip()[:1] == "{":
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
        return value if type(value) is dict else None
    return value if type(value) is dict and value and name in _WRAPPING else None


def _flatten(node: dict[str, Any], prefix: str, flat: dict[str, Any], depth: int) -> None:
    if not depth:
        raise _TooDeep
    for key, value in node.items():
        kind = type(value)
        name = prefix + key
        if kind is dict and value:
            inner = name + "."
            _flatten(value, "" if inner in CONTAINERS else inner, flat, depth - 1)
        else:
            flat[name] = orjson.dumps(value).decode() if kind is list or kind is dict else value
