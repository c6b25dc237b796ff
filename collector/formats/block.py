"""Messages with the same fields, as columns: what every format is read into before it is placed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any

from collector.formats.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Block:
    """Message `rows[i]` has the value `columns[k][i]` in its field `keys[k]`."""

    rows: Sequence[int]
    keys: tuple[str, ...]
    columns: Sequence[Sequence[Any]]
    dialect: Dialect

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
    last: tuple[str, ...] | None = None
    for row, record in zip(rows, records, strict=True):
        if record is None:
            unread.append(row)
            continue
        shape = tuple(record)
        if shape != last:  # neighbours are often alike
            shape_rows, alike = shapes.setdefault(shape, ([], []))
            last = shape
        shape_rows.append(row)
        alike.append(record)
    blocks = [_block(keys, *group, dialect_of(keys)) for keys, group in shapes.items()]
    return Reading(blocks, unread)


def _block(keys: tuple[str, ...], rows: list[int], records: list[dict[str, Any]], dialect: Dialect) -> Block:
    columns = list(zip(*map(dict.values, records), strict=True))
    return Block(rows, keys, list(map(_undashed, columns)) if dialect.dashes else columns, dialect)


def _undashed(values: Sequence[Any]) -> Sequence[Any]:
    return [None if value == "-" else value for value in values] if "-" in values else values
