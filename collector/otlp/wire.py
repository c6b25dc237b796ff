"""Protobuf's wire format, read from many messages at once: a column of fields at each step.

protobuf.dev/programming-guides/encoding. A Python object per attribute costs several times what the protobuf
library needs to parse it; numpy takes a step in all records of a request together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

Places = NDArray[np.int64]
Tags = NDArray[np.unsignedinteger[Any] | np.int64]  # number of a field * 8 + wire type

_PADDING = bytes(24)  # a varint is looked for wherever a field may begin: up to 10 bytes, after up to 10 more
_STEPS = 200  # fields of a message that are read column by column; few messages have more
_BEYOND = 2**40  # where no message ends
_SIZE = np.array([1, 8, 0, _BEYOND, _BEYOND, 4, _BEYOND, _BEYOND])  # by wire type; 3, 4: not in proto3

# By a tag of one byte: how far its value is, and how far the next field, where not its next byte says so.
_WIRE = np.arange(256) & 7
_HEAD = np.where(_WIRE == LENGTH, 2, 1)
_NEXT = np.where(np.arange(256) < 8, _BEYOND, _HEAD + _SIZE[_WIRE])
# Of that next byte, what counts: the size of a value, and whether it, or a varint, goes on.
_SIZED = np.where(_WIRE == LENGTH, 255, np.where(_WIRE == VARINT, 128, 0)).astype(np.uint8)

_HIGHEST = 2**16 - 1
_NONE = np.arange(0)


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of one type, somewhere in the same bytes: where each begins and ends."""

    data: NDArray[np.uint8]
    start: Places
    end: Places

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def of(cls, pieces: Sequence[bytes]) -> Messages:
        """The pieces, laid side by side."""
        end = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)))
        data = np.frombuffer(b"".join([*pieces, _PADDING]), np.uint8)
        return cls(data, np.concatenate([[0], end[:-1]]) if len(end) else end, end)

    def at(self, row: int) -> bytes:
        """The bytes of one message."""
        return self.data[self.start[row] : self.end[row]].tobytes()

    def only(self, chosen: Places | NDArray[np.bool_] | slice) -> Messages:
        """The chosen messages alone."""
        return Messages(self.data, self.start[chosen], self.end[chosen])

    def sorted(self) -> Messages:
        """In the order in which they lie there."""
        if (self.start[1:] >= self.end[:-1]).all():
            return self
        return self.only(np.argsort(self.start, kind="stable"))

    def binary(self) -> pa.BinaryArray:
        """The bytes of each message."""
        if (self.start[1:] < self.end[:-1]).any():  # else they lie in their order, as almost always
            order = np.argsort(self.start, kind="stable")
            return self.only(order).binary().take(pa.array(np.argsort(order)))
        offsets = np.empty(2 * len(self) + 1, np.int32)
        offsets[:-1:2], offsets[1::2] = self.start, self.end
        offsets[-1] = offsets[-2] if len(self) else 0
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.data)]
        both = pa.Array.from_buffers(pa.binary(), 2 * len(self), buffers)  # and what lies between them
        return both.take(pa.array(np.arange(0, 2 * len(self), 2)))

    def varints(self) -> Places:
        """The number of each, if these are varints: signed, 64 bits."""
        return _varint(self.data, self.start)[0]

    def fixed(self, type: str) -> NDArray[Any]:
        """The number of each, if these are numbers of a fixed size: "<u4", "<u8", "<f8"."""
        return self.matrix(np.dtype(type).itemsize).view(type)[:, 0]

    def matrix(self, width: int) -> NDArray[np.uint8]:
        """The first bytes of each, a row per message."""
        return np.ascontiguousarray(self.data[self.start[:, None] + np.arange(width)])


class Fields:
    """The fields of messages, by number: whose each is, and the value's bytes.

    `broken` are the messages whose bytes end, or stop making sense, somewhere within.
    """

    __slots__ = ("broken", "owner", "tag", "value")

    def __init__(self, owner: Places, tag: Tags, value: Messages, broken: Places) -> None:
        # Numbers of two bytes are sorted in linear time; a field that has a higher one, nobody asks for.
        small = tag if tag.dtype == np.uint8 else np.minimum(tag, _HIGHEST).astype(np.uint16)
        order = np.argsort(small, kind="stable")
        self.owner, self.tag, self.value = owner[order], small[order], value.only(order)
        self.broken = broken

    def of(self, number: int, wire: int) -> tuple[Places, Messages]:
        """Owner and value of every field with this number; of one owner's, the last comes last."""
        tag = number << 3 | wire
        first, last = np.searchsorted(self.tag, np.array([tag, tag + 1], self.tag.dtype))
        return self.owner[first:last], self.value.only(slice(first, last))

    def repeated(self, number: int) -> tuple[Places, Messages]:
        """The same in the order in which they lie there."""
        owner, value = self.of(number, LENGTH)
        order = np.argsort(value.start, kind="stable")
        return owner[order], value.only(order)

    def mapped(self, owner: Places) -> Fields:
        """The same with other names for the owners."""
        return Fields(owner[self.owner], self.tag, self.value, self.broken)


def fields(messages: Messages) -> Fields:
    """All fields of all messages."""
    data, owner = messages.data, np.arange(len(messages))
    position, end = messages.start, messages.end
    found: list[tuple[Places, Tags, Places, Places]] = []
    broken: list[Places] = []
    for _ in range(_STEPS):
        live = position < end
        if not live.all():
            owner, position, end = owner[live], position[live], end[live]
        if not len(owner):
            break
        tag, first, last = _step(data, position)
        fits = last <= end
        if not fits.all():
            broken.append(owner[~fits])
            owner, tag, first, last, end = owner[fits], tag[fits], first[fits], last[fits], end[fits]
        found.append((owner, tag, first, last))
        position = last
    else:
        rest = zip(owner.tolist(), position.tolist(), end.tolist(), strict=True)
        found += [_table(data, *message, broken) for message in rest]
    joined = [np.concatenate(columns) for columns in zip(*found, strict=True)] or [_NONE] * 4
    return Fields(
        joined[0], joined[1], Messages(data, joined[2], joined[3]), np.concatenate([*broken, _NONE])
    )


def _step(data: NDArray[np.uint8], position: Places) -> tuple[Tags, Places, Places]:
    """The tag of the field at each position, and where its value begins and ends; beyond all if broken."""
    tag = data.take(position)
    size = data.take(position + 1) & _SIZED.take(tag)
    first = position + _HEAD.take(tag)
    last = position + _NEXT.take(tag) + size
    if max(int(size.max()), int(tag.max())) < 128:
        return tag, first, last
    wide = np.nonzero((size | tag) > 127)[0]
    found = _wide(data, position[wide])
    tags = tag.astype(np.int64)
    tags[wide], first[wide], last[wide] = found
    return tags, first, last


def _wide(data: NDArray[np.uint8], position: Places) -> tuple[Tags, Places, Places]:
    """The same for fields whose tag or size may take several bytes."""
    tag, after = _varint(data, position)
    number, past = _varint(data, after)
    wire = tag & 7
    first = np.where(wire == LENGTH, past, after)
    size = np.where(wire == LENGTH, number, np.where(wire == VARINT, past - after, _SIZE.take(wire)))
    endless = (past - after > 10) & ((wire == VARINT) | (wire == LENGTH))
    return tag, first, np.where((size < 0) | (size > _BEYOND) | (tag < 8) | endless, _BEYOND, first + size)


def _varint(data: NDArray[np.uint8], position: Places) -> tuple[Places, Places]:
    """The number at each position, signed, and where it ends: 11 bytes on if that is nowhere."""
    byte = data.take(position).astype(np.int64)
    more = byte > 127
    value, position = byte & 127, position + 1
    for shift in range(7, 70, 7):
        if not more.any():
            break
        byte = np.where(more, data.take(position), 0).astype(np.int64)
        value |= (byte & 127) << shift
        position = position + more
        more = byte > 127
    return value, position + more


def _table(
    data: NDArray[np.uint8], owner: int, position: int, end: int, broken: list[Places]
) -> tuple[Places, Tags, Places, Places]:
    """The fields of one message that has very many, one after the other."""
    rows = []
    for tag, first, last in _walk(data[:end].tobytes() + _PADDING, position, end):
        if tag < 0:
            broken.append(np.array([owner]))
        else:
            rows.append((owner, tag, first, last))
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    return columns[0], columns[1], columns[2], columns[3]


def _walk(data: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, begin and end of each field; -1 for a tag where the bytes are no longer a message."""
    while position < end:
        tag, after = _number(data, position)
        number, past = _number(data, after)
        first = past if tag & 7 == LENGTH else after
        size = {VARINT: past - after, LENGTH: number}.get(tag & 7, int(_SIZE[tag & 7]))
        endless = number < 0 and tag & 7 in (VARINT, LENGTH)
        if tag < 8 or endless or not 0 <= size <= end - first:
            yield -1, position, position
            return
        position = first + size
        yield tag, first, position


def _number(data: bytes, position: int) -> tuple[int, int]:
    """The varint at a position, -1 if it has more than 10 bytes, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    return -1, position
