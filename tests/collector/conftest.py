from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from parsed_rows import Row, rows
from probe_resources import buckets, clients, own_clients, table

from collector.columns import Source
from collector.fields import FieldMap
from store.objects import Store, open_store

__all__ = ["buckets", "clients", "own_clients", "table"]  # fixtures


@pytest.fixture
def memory() -> Store:
    """A store of the test's own, gone after it."""
    return open_store("memory://")


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real payloads of public repositories, which lie beside this one and are no part of it."""
    folder = Path(__file__).parents[3] / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/samples is absent")
    return folder


@pytest.fixture(scope="session")
def row() -> Callable[..., Row]:
    """Parses one message."""

    def parsed(message: str, source: Source | None = None, fields: FieldMap | None = None) -> Row:
        return rows([message], source or Source(), fields or FieldMap())[0]

    return parsed
