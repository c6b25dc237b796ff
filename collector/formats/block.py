"""Messages with the same fields, as columns: what every format is read into before it is placed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any, Self

from collector.formats.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Block:
    """Message `rows[i]` has the value `columns[k][i]` in its field `keys[k]`."""

    rows: Sequence[int]
    keys: tuple[str, ...]
    columns: Sequence[Sequence[Any]]
    dialect: Dialect

    @classmethod
    def of(cls, rows: Sequence[int], columns: Mapping[str, Sequence[Any]], dialect: Dialect) -> Self:
        """The block of these rows and fields, in which what the dialect takes for null is null."""
        values = map(_undashed, columns.values()) if dialect.dashes else columns.values()
        return cls(rows, tuple(columns), list(values), dialect)

    def only(self, chosen: Sequence[bool]) -> Block:
        """The chosen rows alone."""
        return replace(
            self,
            rows=list(compress(self.rows, chosen)),
            columns=[list(compress(column, chosen)) for column in self.columns],
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What a format made of its rows: blocks, and the rows that turned out to be something else."""

    blocks: list[Block]
    unread: list[int] = field(default_factory=list)


def readable(
    rows: Sequence[int],
    records: Sequence[dict[str, Any] | None],
    dialect_of: Callable[[tuple[str, ...]], Dialect],
) -> Reading:
    """The records as blocks; the rows of those that are None are unread."""
    shapes: dict[tuple[str, ...], tuple[list[int], list[dict[str, Any]]]] = {}
    unread = []
    for row, record in zip(rows, records, strict=True):
        if record is None:
            unread.append(row)
            continue
        shape = tuple(record)
        if shape not in shapes:
            shapes[shape] = [], []
        shape_rows, alike = shapes[shape]
        shape_rows.append(row)
        alike.append(record)
    blocks = []
    for keys, (shape_rows, alike) in shapes.items():
        columns = dict(zip(keys, zip(*map(dict.values, alike), strict=True), strict=True))
        blocks.append(Block.of(shape_rows, columns, dialect_of(keys)))
    return Reading(blocks, unread)


def _undashed(values: Sequence[Any]) -> Sequence[Any]:
    return [None if value == "-" else value for value in values] if "-" in values else values
