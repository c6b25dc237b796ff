"""What travels through the collector besides log events: rows of one table, as parallel columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Self

import pyarrow as pa

from collector.decode import Misfit
from store.schema import Table


@dataclass(slots=True)
class Signals:
    """Rows of `table` as their source tells them: lists or Arrow arrays of equal length, by column.

    A column left out is null in every row. `time` is epoch µs; null is when the row is stored. `region` may
    be null: then it is the collector's own. `attributes` holds a mapping of texts, or None, per row. `day`
    and `observed_time` are the collector's to fill in. `misfits` are what cannot be a row, each readable
    alone if it is ever replayed.
    """

    table: Table
    columns: dict[str, Any] = field(default_factory=dict)
    misfits: list[Misfit] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.columns.get("time", ()))

    @classmethod
    def of(cls, table: Table, rows: Sequence[Mapping[str, Any]], misfits: Iterable[Misfit] = ()) -> Self:
        """From plain records; a key that a record lacks is null in its row."""
        names = dict.fromkeys(chain.from_iterable(rows))
        return cls(table, {name: [row.get(name) for row in rows] for name in names}, list(misfits))

    def only(self, chosen: Sequence[int]) -> Self:
        """The chosen rows alone, as lists, without the misfits."""
        listed = {name: self.listed(name) for name in self.columns}
        return type(self)(
            self.table, {name: [values[row] for row in chosen] for name, values in listed.items()}
        )

    def row(self, number: int) -> dict[str, Any]:
        """One row as a plain record."""
        return {name: self.listed(name)[number] for name in self.columns}

    def listed(self, name: str) -> list[Any]:
        """A column as a list, which takes its place."""
        column = self.columns[name]
        if isinstance(column, pa.MapArray):
            column = [row and dict(row) for row in column.to_pylist()]
        elif isinstance(column, pa.Array):
            column = column.to_pylist()
        self.columns[name] = column
        found: list[Any] = column
        return found
