"""JSON messages that differ in nothing but their values: parsed once per shape, the values column by column.

What is left of a message without its values is its skeleton. Values are not decoded, so messages with an
escape or a control character are left out; the JSON parser judges skeletons, and whoever reads them numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.texts import Places

_BRACE, _QUOTE, _BACKSLASH, _SPACE, _COLON, _NEWLINE = b'{"\\ :\n'
_SCALAR = np.isin(np.arange(256), [*b"+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"])
_LONGEST = 32  # characters of a scalar that are looked at


@dataclass(frozen=True, slots=True)
class Alike:
    """The messages of one shape, their skeleton with each value's number in its place, and how many it has.

    `values` are the texts of the first value, then those of the second, …, as they are written and without
    quotes.
    """

    rows: Places
    skeleton: str
    count: int
    values: pa.StringArray

    def column(self, number: int) -> pa.StringArray:
        """The texts of one value."""
        return self.values.slice(number * len(self.rows), len(self.rows))


def shapes(messages: pa.StringArray, least: int) -> Iterator[Alike]:
    """The messages of each shape that at least so many have; they begin with a brace."""
    if len(messages) < least:
        return
    _, buffer, text = messages.buffers()
    offsets, data = np.frombuffer(buffer, np.int32), np.frombuffer(text or b"\0", np.uint8)
    start, end, owner, regular = _values(data, offsets)
    count = np.bincount(owner, minlength=len(messages))
    before = np.cumsum(count) - count
    # A message is cut into pieces of its skeleton and, between them, values.
    cuts = np.empty(len(messages) + 2 * len(start) + 1, np.int32)
    place = owner + 2 * np.arange(len(start)) + 1
    head = np.arange(len(messages)) + 2 * before
    cuts[head], cuts[place], cuts[place + 1], cuts[-1] = offsets[:-1], start, end, offsets[-1]
    tokens = _texts(cuts, messages)
    for rows in _groups(_skeletons(tokens, place, head - before), regular, least):
        first, size = int(head[rows[0]]), int(count[rows[0]])
        pieces = tokens.slice(first, 2 * size + 1).to_pylist()
        pieces[1::2] = map(str, range(size))
        chosen = (head[rows] + 2 * np.arange(size)[:, None] + 1).ravel()
        yield Alike(rows, "".join(pieces), size, tokens.take(pa.array(chosen)))


def _texts(offsets: NDArray[np.int32], messages: pa.StringArray) -> pa.StringArray:
    """The messages' data, cut otherwise."""
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), messages.buffers()[2])


def _values(
    data: NDArray[np.uint8], offsets: NDArray[np.int32]
) -> tuple[Places, Places, Places, NDArray[np.bool_]]:
    """Begin, end and message of every value, in their order; and which messages are regular."""
    quote = np.flatnonzero(data == _QUOTE)
    bounds = np.searchsorted(quote, offsets)
    regular = _regular(data, offsets, bounds)
    count = np.where(regular, np.diff(bounds), 0) // 2
    if not regular.all():
        quote = quote[np.repeat(regular, np.diff(bounds))]
    start, end, owner = quote[::2] + 1, quote[1::2], np.repeat(np.arange(len(count)), count)
    # Strings, of which those with a colon behind them are names. A name gives way to the scalar behind it.
    name = data.take(end + 1, mode="clip") == _COLON
    named = np.flatnonzero(name)
    begin = end[named] + 2
    begin += data.take(begin, mode="clip") == _SPACE
    first, limit = data.take(begin, mode="clip"), offsets[owner[named] + 1]
    regular[owner[named[first == _SPACE]]] = False
    scalar = _SCALAR.take(first) & (begin < limit)
    named, begin, limit = named[scalar], begin[scalar], limit[scalar]
    start[named], end[named], name[named] = begin, _ends(data, begin, limit), False
    value = np.flatnonzero(~name)
    return start[value], end[value], owner[value], regular


def _regular(data: NDArray[np.uint8], offsets: NDArray[np.int32], bounds: Places) -> NDArray[np.bool_]:
    """Which begin with a brace, have pairs of quotes, and nothing that JSON escapes but a last newline."""
    regular: NDArray[np.bool_] = np.diff(bounds) % 2 == 0
    regular &= data.take(offsets[:-1], mode="clip") == _BRACE
    odd = np.flatnonzero((data < _SPACE) | (data == _BACKSLASH))
    owner = np.searchsorted(offsets, odd, "right") - 1
    last = (data[odd] == _NEWLINE) & (odd + 1 == offsets[owner + 1])
    regular[owner[~last]] = False
    return regular


def _ends(data: NDArray[np.uint8], begin: Places, limit: NDArray[np.int32]) -> Places:
    """Where the scalars end that begin there, within their messages."""
    end = begin + 1
    live = np.arange(len(begin))
    for _ in range(_LONGEST):
        live = live[_SCALAR.take(data.take(end[live], mode="clip"))]
        if not len(live):
            break
        end[live] += 1
    return np.minimum(end, limit)


def _skeletons(tokens: pa.StringArray, values: Places, heads: Places) -> pa.StringArray:
    """All tokens but the values, those of a message joined; `heads` are the first of each."""
    kept = np.ones(len(tokens), np.bool_)
    kept[values] = False
    pieces = tokens.take(pa.array(np.flatnonzero(kept)))
    _, offsets, _ = pieces.buffers()
    ends = np.frombuffer(offsets, np.int32)
    return _texts(np.append(ends[heads], ends[len(pieces)]), pieces)


def _groups(skeletons: pa.StringArray, regular: NDArray[np.bool_], least: int) -> Iterator[Places]:
    """The regular messages with the same skeleton."""
    rows = np.flatnonzero(regular)
    code = skeletons.take(pa.array(rows)).dictionary_encode().indices.to_numpy()
    rows = rows[np.argsort(code, kind="stable")]
    size = np.bincount(code)
    end = np.cumsum(size)
    for group in np.flatnonzero(size >= least).tolist():
        yield rows[end[group] - size[group] : end[group]]
