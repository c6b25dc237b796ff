from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.columns import Parsed, Source
from collector.fields import FieldMap
from collector.formats import parse

Row = dict[str, Any]


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real payloads of public repositories, which lie beside this one and are no part of it."""
    folder = Path(__file__).parents[3] / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/samples is absent")
    return folder


def rows(messages: list[str], source: Source, fields: FieldMap) -> list[Row]:
    """What each message says, without the columns it is silent about, and with its attributes as a dict."""
    parsed = parse(messages, [source] * len(messages), fields)
    found = []
    for index in range(len(messages)):
        row = {column.name: getattr(parsed, column.name)[index] for column in dataclasses.fields(Parsed)}
        keys, values = row.pop("attribute_keys"), row.pop("attribute_values")
        assert len(keys) == len(values) == len(set(keys))
        found.append({name: value for name, value in row.items() if value is not None})
        found[-1]["attributes"] = dict(zip(keys, values, strict=True))
    return found


@pytest.fixture(scope="session")
def row() -> Callable[..., Row]:
    """Parses one message."""

    def parsed(message: str, source: Source | None = None, fields: FieldMap | None = None) -> Row:
        return rows([message], source or Source(), fields or FieldMap())[0]

    return parsed
