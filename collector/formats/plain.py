"""Plain text: the time and level it may begin with, and the error it may tell of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from collector import severity
from collector.columns import Source
from collector.fields import FieldMap
from collector.formats import stacktrace
from collector.formats.block import Reading, readable
from collector.formats.dialect import Dialect

# A line of text, taken apart. What it says is in the body already, so nothing of it becomes an attribute.
LINE = Dialect(
    columns={
        "time": "time",
        "level": ("severity", "severity_text"),
        "request_id": "request_id",
        "error_type": "error_type",
        "template": "template",
    }
)

_MOMENT = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: UTC|Z|[+-]\d\d:?\d\d)?"
_LEVEL = "|".join(severity.WORDS)
# `2024-05-01 10:00:00,123 [main] INFO  text`, `[2024-05-01 10:00:00] ERROR: text`, `WARN text`, `[error] x`
# and PostgreSQL's `2024-05-01 10:00:00 UTC:10.0.0.1(40400):user@database:[4711]:ERROR:  text`
_HEAD = re.compile(
    rf"(?:\[?({_MOMENT})\]?(?::\S{{1,300}}?:(?=[A-Z]{{3,9}}:))?[ \t]*|\d\d:\d\d:\d\d[.,]\d{{3}} )?"
    rf"(?:(?:\[[\w.:/-]{{1,60}}\][ \t]+)?(?:\[((?i:{_LEVEL}))\]|({_LEVEL.upper()})\b)[:\t ]*)?"
)


def read(
    rows: Sequence[int], messages: Sequence[str], sources: Sequence[Source], fields: FieldMap
) -> Reading:
    """Blocks of all rows: any text is plain text."""
    return readable(rows, [_line(messages[row]) for row in rows], lambda keys: LINE)


def _line(message: str) -> dict[str, Any]:
    head = _HEAD.match(message)
    if head is None or not head.end():
        return line(message)
    moment, bracketed, bare = head.groups()
    moment = moment and moment.replace("/", "-").replace(" UTC", "Z")
    return line(message[head.end() :], moment, bracketed or bare)


def line(
    text: str, moment: str | None = None, level: str | None = None, request_id: str | None = None
) -> dict[str, Any]:
    """The fields of a line whose head has been read; `text` is what follows the head."""
    number = severity.number(level)
    quiet = number is not None and number < severity.WARN
    found = {
        "time": moment,
        "level": level,
        "request_id": request_id,
        "error_type": None if quiet else stacktrace.error_type(text),
    }
    return {"template": text, **{name: value for name, value in found.items() if value}}
