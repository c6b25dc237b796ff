"""What messages say, as a test compares it."""

from __future__ import annotations

import dataclasses
from typing import Any

from collector.columns import Parsed, Source
from collector.fields import FieldMap
from collector.formats import parse

Row = dict[str, Any]


def rows(messages: list[str], source: Source, fields: FieldMap) -> list[Row]:
    """What each message says, without the columns it is silent about, and with its attributes as a dict."""
    parsed = parse(messages, [source] * len(messages), fields)
    found = []
    for index in range(len(messages)):
        row = {
            column.name: getattr(parsed, column.name)[index].as_py() for column in dataclasses.fields(Parsed)
        }
        pairs = row.pop("attributes")
        assert len(dict(pairs)) == len(pairs)
        found.append({name: value for name, value in row.items() if value is not None})
        found[-1]["attributes"] = dict(pairs)
    return found
