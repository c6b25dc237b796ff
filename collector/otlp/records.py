"""Records of one signal as columns: what spans and logs have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.fields import FieldMap
from collector.formats.roles import ROLES
from collector.moment import EARLIEST, LATEST, RULE, micros
from collector.otlp import attributes
from collector.otlp.attributes import Attributes, Picker
from collector.otlp.values import gathered
from collector.otlp.wire import FIXED32, FIXED64, LENGTH, VARINT, Fields, Messages, Places, fields
from store.layout import region_name

Columns = dict[str, Any]  # lists, or Arrow arrays, of equal length

_HEX = np.frombuffer(bytes(range(256)).hex().encode(), "<u2")  # two digits of each byte


_READ: dict[int, Callable[[Messages], NDArray[Any]]] = {
    VARINT: Messages.varints,
    FIXED32: lambda part: part.fixed("<u4"),
    FIXED64: lambda part: part.fixed("<u8"),
}


class Irregular(Exception):
    """A record that only the protobuf library can judge."""


@dataclass(slots=True)
class Records:
    """Records of one type, their fields, and why some cannot be rows (`faults`, by row)."""

    raw: Sequence[bytes]
    fields: Fields
    faults: dict[int, str] = field(default_factory=dict)
    extra: Attributes = field(default_factory=Attributes.none)  # found in other fields than attributes

    @classmethod
    def of(cls, raw: Sequence[bytes]) -> Records:
        """Raises Irregular if a record is not what the protobuf library writes."""
        found = fields(Messages.of(raw))
        if len(found.broken):
            raise Irregular
        return cls(raw, found)

    def __len__(self) -> int:
        return len(self.raw)

    def inside(self, number: int) -> Records:
        """The fields of the message in a field, as those of the record it is in. Raises Irregular."""
        owner, part = self.fields.of(number, LENGTH)
        found = fields(part)
        if len(found.broken):
            raise Irregular
        return Records(self.raw, found.mapped(owner))

    def numbers(self, number: int, wire: int) -> NDArray[Any]:
        """The numbers in a field, 0 where it is absent."""
        owner, part = self.fields.of(number, wire)
        column = np.zeros(len(self), np.uint64 if wire == FIXED64 else np.int64)
        if len(owner):
            column[owner] = _READ[wire](part)
        return column

    def texts(self, number: int) -> pa.StringArray:
        """The texts in a field, null where it is absent or empty. Raises pa.ArrowInvalid."""
        owner, part = self.fields.of(number, LENGTH)
        if not len(owner):
            return pa.nulls(len(self), pa.string())
        texts, said = part.binary().cast(pa.string()), part.end > part.start
        if said.all() and np.array_equal(owner, np.arange(len(self))):
            return texts
        place = np.full(len(self), -1)
        place[owner] = np.where(said, np.arange(len(owner)), -1)
        return gathered(texts, place)

    def ids(self, number: int, width: int) -> tuple[pa.StringArray, NDArray[np.bool_]]:
        """The ids of `width` bytes in a field as hex, null where absent or all 0; which have another size."""
        owner, part = self.fields.of(number, LENGTH)
        digits = np.zeros((len(self), width), "u1")
        long = part.end - part.start == width
        digits[owner[long]] = part.only(long).matrix(width)
        odd = np.zeros(len(self), np.bool_)
        odd[owner] = ~long & (part.end > part.start)
        said = digits.any(axis=1)
        offsets = (np.arange(len(self) + 1) * 2 * width).astype(np.int32)
        buffers = (np.packbits(said, bitorder="little"), offsets, _HEX.take(digits))
        return pa.Array.from_buffers(pa.string(), len(self), [*map(pa.py_buffer, buffers)]), odd

    def moments(self, nanos: NDArray[np.uint64], name: str) -> list[int | None]:
        """Epoch ns as µs. 0 is None; what is no believable time is None too, and a fault."""
        times: list[int | None] = (nanos // 1000).astype(np.int64).tolist()
        believed = (nanos >= EARLIEST * 1000) & (nanos < LATEST * 1000)
        for row in np.nonzero(~believed)[0].tolist():
            value = int(nanos[row])
            times[row] = micros(value)
            if value and times[row] is None:
                self.faults[row] = f"{name} is {value}: {RULE}"
        return times

    def note(self, name: str, column: NDArray[Any]) -> None:
        """Keep the numbers that are not 0 as an attribute."""
        rows = np.nonzero(column)[0]
        if len(rows):
            self._keep(name, rows, pa.array(column[rows]).cast(pa.string()))

    def write(self, name: str, column: pa.StringArray) -> None:
        """Keep the texts that are not null as an attribute."""
        if column.null_count < len(column):
            rows = np.nonzero(column.is_valid().to_numpy(zero_copy_only=False))[0]
            self._keep(name, rows, column.drop_null())

    def keep(self, entries: Sequence[tuple[int, str, str | None]]) -> None:
        """Keep attributes: row, name and text of each."""
        self.extra = self.extra.and_(Attributes.of(entries))

    def _keep(self, name: str, rows: Places, texts: pa.StringArray) -> None:
        self.extra = self.extra.and_(Attributes(rows, np.zeros_like(rows), (name,), texts))

    def attributes(self, number: int, shared: Attributes) -> Attributes:
        """The attributes in a field, those found elsewhere, and those the records share with others."""
        own = attributes.read(*self.fields.repeated(number)).and_(self.extra)
        return attributes.joined(own, shared)


def correlation(picker: Picker, names: FieldMap) -> Columns:
    """The columns that spans and logs take from attributes."""
    return {
        "region": picker.converted(("cloud.region",), _each(_region)),
        "account_id": picker.texts(("cloud.account.id",)),
        "service": picker.converted(names.service, ROLES["service"].convert),
        "request_id": picker.texts(names.request),
        "session_id": picker.texts(names.session),
        "user_id": picker.texts(names.user),
        "http_status": picker.converted(names.status, ROLES["http_status"].convert),
        "error_type": picker.texts(names.error),
    }


def _each(function: Callable[[str], Any]) -> Callable[[Sequence[str]], Sequence[Any]]:
    return lambda values: list(map(function, values))


def _region(name: str) -> str | None:
    """A region's name, if it can stand in a path."""
    try:
        return region_name(name)
    except ValueError:
        return None
