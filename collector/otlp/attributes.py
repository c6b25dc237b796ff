"""Attributes of many records as columns: read from the wire, joined with their resource's, and told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from collector.attributes import flattened
from collector.otlp import values
from collector.otlp.wire import LENGTH, Messages, Places, fields

_KEY, _VALUE = 1, 2  # fields of KeyValue, in opentelemetry/proto/common/v1
_CELLS = 2**24  # of a table of rows and names; beyond, a sort finds what occurs twice


@dataclass(frozen=True, slots=True)
class Attributes:
    """Whose each attribute is (`row`), its name (`names[code]`) and its text: parallel arrays."""

    row: Places
    code: Places
    names: tuple[str, ...]
    text: pa.StringArray

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def of(cls, entries: Sequence[tuple[int, str, str | None]]) -> Attributes:
        """From plain entries."""
        codes: dict[str, int] = {}
        code = [codes.setdefault(name, len(codes)) for _, name, _ in entries]
        row = np.array([row for row, _, _ in entries], np.int64)
        text = pa.array([text for _, _, text in entries], pa.string())
        return cls(row, np.array(code, np.int64), tuple(codes), text)

    @classmethod
    def none(cls) -> Attributes:
        """No attributes."""
        return cls.of([])

    def only(self, chosen: Places) -> Attributes:
        """The chosen ones alone."""
        return Attributes(self.row[chosen], self.code[chosen], self.names, self.text.take(pa.array(chosen)))

    def and_(self, other: Attributes) -> Attributes:
        """These, then the others."""
        if not len(self) or not len(other):
            return self if len(self) else other
        codes = {name: code for code, name in enumerate(self.names)}
        known = np.array([codes.setdefault(name, len(codes)) for name in other.names], np.int64)
        return Attributes(
            np.concatenate([self.row, other.row]),
            np.concatenate([self.code, known[other.code]]),
            tuple(codes),
            pa.concat_arrays([self.text, other.text]),
        )

    def shared(self, group: Places) -> Attributes:
        """The attributes of each row's group, where these are groups'."""
        order = np.argsort(self.row, kind="stable")
        count = np.bincount(self.row, minlength=int(group.max(initial=0)) + 1)
        first = np.cumsum(count) - count
        wanted = count[group]
        row = np.repeat(np.arange(len(group)), wanted)
        place = np.repeat(first[group] - (np.cumsum(wanted) - wanted), wanted) + np.arange(len(row))
        entry = order[place]
        return Attributes(row, self.code[entry], self.names, self.text.take(pa.array(entry)))

    def maps(self, size: int, kept: NDArray[np.bool_]) -> pa.MapArray:
        """The attributes of each of `size` rows that are `kept`, as a column."""
        chosen = np.nonzero(kept)[0]
        chosen = chosen[np.argsort(self.row[chosen], kind="stable")]
        count = np.bincount(self.row[chosen], minlength=size)
        offsets = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
        names = pa.array(self.names, pa.string()).take(pa.array(self.code[chosen]))
        return pa.MapArray.from_arrays(offsets, names, self.text.take(pa.array(chosen)))


def joined(own: Attributes, shared: Attributes) -> Attributes:
    """Those of records and those they share, which are called `resource.<name>` where the names clash.

    Of several with one name in a record, the second is called `name#2`.
    """
    both = own.and_(shared)
    again = _again(both.row * len(both.names) + both.code)
    if not len(again):
        return both
    codes = {name: code for code, name in enumerate(both.names)}
    code = both.code.copy()
    seen: dict[tuple[int, int], int] = {}
    for place in again.tolist():
        name = both.names[code[place]]
        cell = int(both.row[place]), int(code[place])
        seen[cell] = seen.get(cell, 1) + 1
        other = f"{name}#{seen[cell]}" if place < len(own) else f"resource.{name}"
        code[place] = codes.setdefault(other, len(codes))
    return joined(Attributes(both.row, code, tuple(codes), both.text), Attributes.none())


def _again(cell: Places) -> Places:
    """The places of numbers that stand at an earlier place too."""
    highest = int(cell.max(initial=0))
    if highest < _CELLS:
        seen = np.zeros(highest + 1, np.bool_)
        seen[cell] = True
        if int(np.count_nonzero(seen)) == len(cell):
            return cell[:0]
    order = np.argsort(cell, kind="stable")
    return np.sort(order[1:][cell[order[1:]] == cell[order[:-1]]])


def read(owner: Places, pairs: Messages) -> Attributes:
    """The attributes that some KeyValue messages are; `owner` says whose.

    What has parts becomes several, under dotted names. Raises DecodeError or pa.ArrowInvalid if one cannot
    be read.
    """
    found = fields(pairs)
    named, keys = found.of(_KEY, LENGTH)
    valued, contents = found.of(_VALUE, LENGTH)
    usual = np.bincount(named, minlength=len(pairs)) + 2 * np.bincount(valued, minlength=len(pairs)) == 3
    usual[found.broken] = False
    if not usual.all():
        keys, contents = keys.only(usual[named]), contents.only(usual[valued])
    keys, contents = keys.sorted(), contents.sorted()
    text, nested = values.texts(contents)
    code, names = _encoded(keys)
    whose = owner[usual]
    attributes = Attributes(whose, code, names, text)
    extra = [
        (row, *entry)
        for row, pair in zip(owner[~usual].tolist(), np.nonzero(~usual)[0].tolist(), strict=True)
        for entry in flattened(values.mapping([KeyValue.FromString(pairs.at(pair))])).items()
    ]
    extra += [
        (int(whose[place]), *entry)
        for place, value in nested.items()
        for entry in flattened({names[code[place]]: value}).items()
    ]
    if nested:
        attributes = attributes.only(np.delete(np.arange(len(attributes)), [*nested]))
    return attributes.and_(Attributes.of(extra))


def _encoded(keys: Messages) -> tuple[Places, tuple[str, ...]]:
    """The number of each key, and the keys that have these numbers."""
    encoded = keys.binary().dictionary_encode()
    names = encoded.dictionary.cast(pa.string()).to_pylist()
    return encoded.indices.to_numpy().astype(np.int64), tuple(names)


class Picker:
    """Takes the attributes that have a column of their own out of those of `size` rows.

    `kept` says which remain attributes.
    """

    def __init__(self, attributes: Attributes, size: int) -> None:
        self.attributes = attributes
        self.size = size
        self.kept = np.ones(len(attributes), np.bool_)
        self._codes = {name: code for code, name in enumerate(attributes.names)}
        self._said = _lengths(attributes.text) > 0

    def texts(self, names: Sequence[str], keep: bool = False) -> pa.StringArray:
        """For each row the first of these attributes that is not empty. It stays an attribute if told so."""
        place = np.full(self.size, -1)
        for at in self._named(names):
            free = at[place[self.attributes.row[at]] < 0]
            place[self.attributes.row[free]] = free
            self.kept[free] = keep
        if place.max(initial=-1) < 0:
            return pa.nulls(self.size, pa.string())
        return values.gathered(self.attributes.text, place)

    def converted(self, names: Sequence[str], convert: Callable[[Sequence[str]], Sequence[Any]]) -> list[Any]:
        """For each row what `convert` makes of the first of these attributes for which that is not None."""
        column = np.full(self.size, None)
        empty = np.ones(self.size, np.bool_)
        for at in self._named(names):
            encoded = self.attributes.text.take(pa.array(at)).dictionary_encode()
            known = np.array([*convert(encoded.dictionary.to_pylist()), None], object)[:-1]
            code = encoded.indices.to_numpy()
            found, fitting = known[code], np.array([each is not None for each in known], np.bool_)[code]
            fits = empty[self.attributes.row[at]] & fitting
            rows = self.attributes.row[at[fits]]
            column[rows], empty[rows], self.kept[at[fits]] = found[fits], False, False
        filled: list[Any] = column.tolist()
        return filled

    def _named(self, names: Sequence[str]) -> Iterator[Places]:
        """The attributes of each name that say something."""
        for name in names:
            if name in self._codes:
                yield np.nonzero((self.attributes.code == self._codes[name]) & self.kept & self._said)[0]


def _lengths(texts: pa.StringArray) -> Places:
    """The bytes of each text, 0 for null."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, 4 * texts.offset)
    lengths = np.diff(offsets)
    return np.where(texts.is_valid().to_numpy(zero_copy_only=False), lengths, 0)
