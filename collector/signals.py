"""What travels through the collector besides log events: rows of one table, as parallel columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Self

from collector.decode import Misfit
from store.schema import Table


@dataclass(slots=True)
class Signals:
    """Rows of `table` as their source tells them: lists of equal length, by the name of the column.

    A column left out is null in every row. `time` is epoch µs and in every row. `region` may be null: then it
    is the collector's own. `attributes` holds a mapping of texts, or None, per row. `day` and `observed_time`
    are the collector's to fill in. `misfits` are what cannot be a row, each readable alone if it is ever
    replayed.
    """

    table: Table
    columns: dict[str, list[Any]] = field(default_factory=dict)
    misfits: list[Misfit] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.columns.get("time", ()))

    @classmethod
    def of(cls, table: Table, rows: Sequence[Mapping[str, Any]], misfits: Iterable[Misfit] = ()) -> Self:
        """From plain records; a key that a record lacks is null in its row."""
        names = dict.fromkeys(chain.from_iterable(rows))
        return cls(table, {name: [row.get(name) for row in rows] for name in names}, list(misfits))

    def only(self, chosen: Sequence[int]) -> Self:
        """The chosen rows alone, without the misfits."""
        columns = {name: [values[row] for row in chosen] for name, values in self.columns.items()}
        return type(self)(self.table, columns)

    def row(self, number: int) -> dict[str, Any]:
        """One row as a plain record."""
        return {name: values[number] for name, values in self.columns.items()}
