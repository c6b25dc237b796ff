"""logfmt: `key=value key="quoted value"`, as logrus, Go's slog, Heroku and Grafana write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

from collector.columns import Source
from collector.fields import FieldMap
from collector.formats.block import Reading, readable
from collector.formats.json_dialects import dialect_of

_KEY = r"[A-Za-z_@][\w.@/-]{0,99}"
_PAIR = re.compile(rf'(?<!\S)({_KEY})=("(?:[^"\\]|\\.)*+"|[^\s"]*+)(?!\S)', re.DOTALL)

RECOGNISED = rf"{_KEY}=\S"


def read(
    rows: Sequence[int], messages: Sequence[str], sources: Sequence[Source], fields: FieldMap
) -> Reading:
    """Blocks of the lines with at least two pairs and nothing else; whatever else is unread."""
    return readable(rows, [_record(messages[row]) for row in rows], dialect_of)


def _record(message: str) -> dict[str, Any] | None:
    pairs = _PAIR.findall(message)
    if len(pairs) < 2 or _PAIR.sub("", message).strip():
        return None
    return {key: _value(text) for key, text in pairs}


def _value(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(orjson.loads(text))
    except orjson.JSONDecodeError:
        return text[1:-1]
