"""[consistency]: how the application logs what it does to its stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from regionscope.sections.base import Section

if TYPE_CHECKING:
    from queries.settings import Operations

Key = Annotated[str, Field(min_length=1)]
Layer = Literal[
    "edge", "routing", "compute", "session", "file", "database", "cache", "auth", "queue", "collector"
]


class ConsistencyConfig(Section):
    """The keys of queries.settings.Operations, which explains them and has those that are absent here."""

    store: Key | None = None
    op: Key | None = None
    key_hash: Key | None = None
    version: Key | None = None
    based_on: Key | None = None
    state: Key | None = None
    mode: Key | None = None
    result: Key | None = None
    served_by: Key | None = None
    spans: tuple[Key, ...] = ()
    layers: dict[Key, Layer] = {}

    def operations(self) -> Operations:
        """As the answers take them."""
        from queries.settings import Operations  # collectors read this file too, without DuckDB

        return Operations(**self.model_dump(exclude_none=True))
