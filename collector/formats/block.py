"""Messages with the same fields, as columns: what every format is read into before it is placed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from collector.columns import Column
from collector.formats.dialect import Dialect
from collector.texts import Places


@dataclass(frozen=True, slots=True)
class Block:
    """Message `rows[i]` has the value `columns[k][i]` in its field `keys[k]`."""

    rows: Places
    keys: tuple[str, ...]
    columns: Sequence[Column]
    dialect: Dialect

    @classmethod
    def of(cls, rows: Sequence[int] | Places, columns: Mapping[str, Column], dialect: Dialect) -> Self:
        """The block of these rows and fields, in which what the dialect takes for null is null."""
        values = map(_undashed, columns.values()) if dialect.dashes else columns.values()
        return cls(np.asarray(rows, np.int64), tuple(columns), list(values), dialect)

    def only(self, chosen: NDArray[np.bool_]) -> Block:
        """The chosen rows alone."""
        columns = [_chosen(column, chosen) for column in self.columns]
        return replace(self, rows=self.rows[chosen], columns=columns)


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


def _chosen(values: Column, chosen: NDArray[np.bool_]) -> Column:
    return values.filter(pa.array(chosen)) if isinstance(values, pa.Array) else list(compress(values, chosen))


def _undashed(values: Column) -> Column:
    if isinstance(values, pa.Array):
        return pc.replace_with_mask(values, pc.equal(values, "-"), pa.scalar(None, pa.string()))
    return [None if value == "-" else value for value in values] if "-" in values else values
