"""From blocks to the columns of Parsed: each field goes where it fits, all others into attributes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import NoneType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector import severity
from collector.columns import Column, Parsed, type_of
from collector.fields import FieldMap
from collector.formats.block import Block
from collector.formats.dialect import roles
from collector.formats.roles import Role, by_value
from collector.texts import Places, arrow, lengths

# Column → the fields that may fill it, best first: (rank, index of the field, role).
Choices = dict[str, list[tuple[int, int, Role]]]
# Column → the field that does, with the values converted.
Found = dict[str, tuple[int, Role, pa.Array]]


@dataclass(frozen=True, slots=True)
class Placed:
    """Rows, and what of Parsed they have: column or attribute → one value per row."""

    rows: Places
    columns: dict[str, pa.Array]
    attributes: dict[str, pa.StringArray]


def place(block: Block, fields: FieldMap) -> Iterator[Placed]:
    """The block's rows as columns, each row once."""
    known = roles(block.dialect, fields)
    choices: Choices = {}
    for index, key in enumerate(block.keys):
        for rank, role in known.get(key, ()):
            choices.setdefault(role.column, []).append((rank, index, role))
    for candidates in choices.values():
        candidates.sort(key=itemgetter(0))
    return _settled(block, choices)


def gather(placed: Sequence[Placed], size: int) -> Parsed:
    """All rows in their order, however they are spread over the parts."""
    order = np.empty(size, np.int64)
    if placed:
        order[np.concatenate([part.rows for part in placed])] = np.arange(size)
    columns = {"attributes": _maps(placed, order)}
    for name in (column.name for column in dataclasses.fields(Parsed) if column.name not in columns):
        columns[name] = _gathered(name, placed, order)
    return Parsed(**columns)


def _gathered(name: str, placed: Sequence[Placed], order: Places) -> pa.Array:
    if not any(name in part.columns for part in placed):
        return pa.nulls(len(order), type_of(name))
    arrays = (part.columns.get(name) for part in placed)
    filled = [
        pa.nulls(len(part.rows), type_of(name)) if array is None else array
        for array, part in zip(arrays, placed, strict=True)
    ]
    return pa.concat_arrays(filled).take(pa.array(order))


def _maps(placed: Sequence[Placed], order: Places) -> pa.MapArray:
    """The attributes of each row, in the order of its block."""
    size = np.array([len(part.rows) for part in placed], np.int64)
    width = np.array([len(part.attributes) for part in placed], np.int64)
    names = arrow([name for part in placed for name in part.attributes])
    texts = [text for part in placed for text in part.attributes.values()]
    values = pa.concat_arrays(texts) if texts else arrow([])
    # Of each row in its order: the part it is in, and how many values lie before its own.
    part = np.repeat(np.arange(len(placed)), size)[order]
    row = order - (np.cumsum(size) - size)[part]
    first = (np.cumsum(width * size) - width * size)[part] + row
    count = width[part]
    offsets = np.concatenate([[0], np.cumsum(count)])
    owner = np.repeat(np.arange(len(order)), count)
    which = np.arange(len(owner)) - offsets[owner]  # of the row's own
    key = (np.cumsum(width) - width)[part][owner] + which
    place = first[owner] + which * size[part][owner]
    keys, items = names.take(pa.array(key)), values.take(pa.array(place))
    return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, items)


def _settled(block: Block, choices: Choices) -> Iterator[Placed]:
    """Choose a field for each column. Rows it does not fit are settled apart, with the next best field."""
    found: Found = {}
    for column, candidates in choices.items():
        for position, (_, index, role) in enumerate(candidates):
            values = role.fill(block.columns[index])
            if not values.null_count:
                found[column] = index, role, values
                break
            if values.null_count < len(values):
                fits = values.is_valid().to_numpy(zero_copy_only=False)
                yield from _settled(block.only(fits), {**choices, column: candidates[position:]})
                yield from _settled(block.only(~fits), {**choices, column: candidates[position + 1 :]})
                return
    columns = {column: values for column, (_, _, values) in found.items()}
    _derive(columns, block)
    yield Placed(block.rows, columns, _attributes(block, found))


def _derive(columns: dict[str, pa.Array], block: Block) -> None:
    """What follows from other columns: the severity of a request or an error, and the template."""
    if "severity_number" not in columns:
        kind, size = type_of("severity_number"), len(block.rows)
        if block.dialect.by_status and "http_status" in columns:
            columns["severity_number"] = by_value(_severities, columns["http_status"], kind)
        elif "error_type" in columns:
            columns["severity_number"] = pa.repeat(pa.scalar(severity.ERROR, kind), size)
    if block.dialect.template:
        columns["template"] = _template(block)
    elif "template" not in columns:
        columns["template"] = _keys(block)


def _severities(statuses: Sequence[int]) -> list[int]:
    return list(map(severity.of_status, statuses))


def _keys(block: Block) -> pa.StringArray:
    return arrow([" ".join(block.keys)]).take(pa.repeat(0, len(block.rows)))


def _template(block: Block) -> pa.StringArray:
    places = {key: index for index, key in enumerate(block.keys)}
    firsts = (next((places[key] for key in group if key in places), None) for group in block.dialect.template)
    parts = [block.columns[index] for index in firsts if index is not None]
    if not parts:
        return _keys(block)
    if all(isinstance(part, pa.Array) and lengths(part).all() for part in parts):
        return pc.binary_join_element_wise(*parts, " ")
    listed = (part.to_pylist() if isinstance(part, pa.Array) else part for part in parts)
    return arrow([" ".join(map(str, filter(None, row))) for row in zip(*listed, strict=True)])


def _attributes(block: Block, found: Found) -> dict[str, pa.StringArray]:
    """Attribute → its values, of all fields that did not go into a column alone."""
    taken = {index for index, role, _ in found.values() if not role.kept}
    renamed = {index: role.kept_as for index, role, _ in found.values() if role.kept_as}
    named: dict[str, pa.StringArray] = {}
    own = set(block.keys)
    for index, key in enumerate(block.keys):
        if index not in taken:
            name = renamed.get(index) or block.dialect.attribute(key)
            clash = name in own or name in named  # then the field keeps its own name, which is free
            named[key if clash else name] = _as_text(block.columns[index])
    return named


_WRITTEN: dict[type, Callable[[Any], str | None]] = {
    str: str,
    int: repr,
    float: repr,
    bool: ("false", "true").__getitem__,
    NoneType: lambda _: None,
}


def _as_text(values: Column) -> pa.StringArray:
    if isinstance(values, pa.Array):
        return values
    kinds = set(map(type, values))
    if len(kinds) == 1:
        return arrow(list(map(_WRITTEN[kinds.pop()], values)))
    return arrow([_WRITTEN[type(value)](value) for value in values])
