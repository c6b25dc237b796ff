"""From blocks to the columns of Parsed: each field goes where it fits, all others into attributes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from operator import itemgetter
from types import NoneType
from typing import Any

from collector import severity
from collector.columns import Parsed
from collector.fields import FieldMap
from collector.formats.block import Block
from collector.formats.dialect import roles
from collector.formats.roles import Role

# Column → the fields that may fill it, best first: (rank, index of the field, role).
Choices = dict[str, list[tuple[int, int, Role]]]
# Column → the field that does, with the values converted.
Found = dict[str, tuple[int, Role, Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Placed:
    """Rows, and what of Parsed they have: column → one value per row."""

    rows: Sequence[int]
    columns: dict[str, Sequence[Any]]


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


def gather(placed: Sequence[Placed]) -> Parsed:
    """All rows in their order, however they are spread over the parts."""
    rows = list(chain.from_iterable(part.rows for part in placed))
    order = sorted(range(len(rows)), key=rows.__getitem__)
    pick: Callable[[list[Any]], Sequence[Any]] = itemgetter(*order) if len(order) > 1 else tuple
    columns: dict[str, list[Any]] = {}
    for name in (column.name for column in dataclasses.fields(Parsed)):
        if any(name in part.columns for part in placed):
            filled = (part.columns.get(name) or repeat(None, len(part.rows)) for part in placed)
            columns[name] = list(pick(list(chain.from_iterable(filled))))
        else:
            columns[name] = [None] * len(rows)
    return Parsed(**columns)


def _settled(block: Block, choices: Choices) -> Iterator[Placed]:
    """Choose a field for each column. Rows it does not fit are settled apart, with the next best field."""
    found: Found = {}
    for column, candidates in choices.items():
        for position, (_, index, role) in enumerate(candidates):
            values = role.convert(block.columns[index])
            if None not in values:
                found[column] = index, role, values
                break
            fits = [value is not None for value in values]
            if any(fits):
                yield from _settled(block.only(fits), {**choices, column: candidates[position:]})
                misfits = block.only([not fit for fit in fits])
                yield from _settled(misfits, {**choices, column: candidates[position + 1 :]})
                return
    yield Placed(block.rows, _columns(block, found))


def _columns(block: Block, found: Found) -> dict[str, Sequence[Any]]:
    columns = {column: values for column, (_, _, values) in found.items()}
    _derive(columns, block)
    attributes = _attributes(block, found)
    size = len(block.rows)
    columns["attribute_keys"] = [tuple(attributes)] * size
    columns["attribute_values"] = list(zip(*attributes.values(), strict=True)) or [()] * size
    return columns


def _derive(columns: dict[str, Sequence[Any]], block: Block) -> None:
    """What follows from other columns: the severity of a request or an error, and the template."""
    if "severity_number" not in columns:
        if block.dialect.by_status and "http_status" in columns:
            columns["severity_number"] = list(map(severity.of_status, columns["http_status"]))
        elif "error_type" in columns:
            columns["severity_number"] = [severity.ERROR] * len(block.rows)
    if block.dialect.template:
        columns["template"] = _template(block)
    elif "template" not in columns:
        columns["template"] = [" ".join(block.keys)] * len(block.rows)


def _template(block: Block) -> list[str]:
    places = {key: index for index, key in enumerate(block.keys)}
    firsts = (next((places[key] for key in group if key in places), None) for group in block.dialect.template)
    parts = [block.columns[index] for index in firsts if index is not None]
    if not parts:
        return [" ".join(block.keys)] * len(block.rows)
    if all(map(all, parts)) and set(map(type, chain.from_iterable(parts))) == {str}:
        return list(map(" ".join, zip(*parts, strict=True)))
    return [" ".join(map(str, filter(None, row))) for row in zip(*parts, strict=True)]


def _attributes(block: Block, found: Found) -> dict[str, Sequence[str | None]]:
    """Attribute → its values, of all fields that did not go into a column alone."""
    taken = {index for index, role, _ in found.values() if not role.kept}
    renamed = {index: role.kept_as for index, role, _ in found.values() if role.kept_as}
    named: dict[str, Sequence[str | None]] = {}
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


def _as_text(values: Sequence[Any]) -> Sequence[str | None]:
    kinds = set(map(type, values))
    if kinds == {str}:
        return values
    if len(kinds) == 1:
        return list(map(_WRITTEN[kinds.pop()], values))
    return [_WRITTEN[type(value)](value) for value in values]
