"""API Gateway's execution log: `(request id) what a step of the request did`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from collector.columns import Source
from collector.fields import FieldMap
from collector.formats import plain
from collector.formats.block import Reading, readable

_DIALECT = replace(plain.LINE, by_status=True)

RECOGNISED = r"\([\w-]{8,64}\) [A-Z]"
_HEAD = re.compile(r"\(([\w-]{8,64})\) ")
_STATUS = re.compile(r"Method completed with status: (\d{3})")


def read(
    rows: Sequence[int], messages: Sequence[str], sources: Sequence[Source], fields: FieldMap
) -> Reading:
    """Blocks of all rows."""
    return readable(rows, [_line(messages[row]) for row in rows], lambda keys: _DIALECT)


def _line(message: str) -> dict[str, Any]:
    head = _HEAD.match(message)
    text = message[head.end() :] if head else message
    status = _STATUS.match(text)
    found = plain.line(text, request_id=head[1] if head else None)
    if text.startswith("Execution failed"):
        found["level"] = "ERROR"
    return found | ({"http_status": status[1]} if status else {})
