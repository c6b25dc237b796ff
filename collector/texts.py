"""Texts as Arrow columns, and what numpy sees of them: lengths and characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Places = NDArray[np.int64]


def arrow(texts: Sequence[str | None] | pa.StringArray) -> pa.StringArray:
    """The texts, for the regular expressions of RE2 that work on whole columns in linear time."""
    return array_of(texts, pa.string())


def array_of(values: Sequence[Any] | pa.Array, type: pa.DataType) -> pa.Array:
    """The values as an Arrow array, lone surrogates as escapes."""
    if isinstance(values, pa.Array):
        return values
    try:
        return pa.array(values, type)
    except UnicodeEncodeError:  # a lone surrogate, which JSON can spell and UTF-8 cannot
        return pa.array([value and escaped(value) for value in values], type)


def escaped(text: str) -> str:
    """The text with lone surrogates written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def lengths(texts: pa.StringArray) -> NDArray[np.int32]:
    """The bytes of each text; 0 for null."""
    return np.diff(_offsets(texts))


def characters(texts: pa.StringArray) -> NDArray[np.uint8]:
    """The bytes of all texts, one after the other."""
    offsets = _offsets(texts)
    return np.frombuffer(texts.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]


def _offsets(texts: pa.StringArray) -> NDArray[np.int32]:
    return np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]


def of_matrix(letters: NDArray[np.uint8]) -> pa.StringArray:
    """Texts of equal length: a row of ASCII characters for each."""
    size, width = letters.shape
    offsets = np.arange(size + 1, dtype=np.int32) * np.int32(width)
    buffers = (offsets, np.ascontiguousarray(letters))
    return pa.StringArray.from_buffers(size, *map(pa.py_buffer, buffers))


def spread(values: Sequence[str | None], ends: Sequence[int]) -> pa.StringArray:
    """Each value in all rows before its end, from the end before it on."""
    return pc.run_end_decode(pa.RunEndEncodedArray.from_arrays(pa.array(ends, pa.int32()), arrow(values)))


def put(column: pa.Array, places: Sequence[int] | Places, values: Sequence[Any] | pa.Array) -> pa.Array:
    """The column with other values at these places, which ascend."""
    mask = np.zeros(len(column), np.bool_)
    mask[places] = True
    return pc.replace_with_mask(column, pa.array(mask), array_of(values, column.type))
