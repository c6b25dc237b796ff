"""Some rows of Parsed as Python's texts, to be changed and put back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.columns import Parsed
from collector.texts import Places, arrow, put

Text = str | None

# The columns with text of the message, but those of ids.
_COLUMNS = ("template", "service", "severity_text", "request_id", "error_type")


class Excerpt:
    """`texts` are all that were taken of each row: of columns, then attributes: keys, values."""

    def __init__(self, parsed: Parsed) -> None:
        self._parsed = parsed
        self.texts: dict[int, list[Text]] = {}

    def take(self, rows: Sequence[int]) -> None:
        """Take the texts of these rows, unless they were taken before."""
        rows = [row for row in rows if row not in self.texts]
        if not rows:
            return
        chosen = pa.array(rows)
        columns = [getattr(self._parsed, name).take(chosen).to_pylist() for name in _COLUMNS]
        attributes = self._parsed.attributes.take(chosen)
        keys, items = attributes.keys.to_pylist(), attributes.items.to_pylist()
        ends = attributes.offsets.to_pylist()
        for row, start, end, *told in zip(rows, ends, ends[1:], *columns, strict=False):
            self.texts[row] = [*told, *keys[start:end], *items[start:end]]

    def put_back(self) -> None:
        """Put all of them where they were taken from."""
        if not self.texts:
            return
        rows = sorted(self.texts)
        texts = [self.texts[row] for row in rows]
        for name, column in zip(_COLUMNS, zip(*texts, strict=False), strict=False):
            setattr(self._parsed, name, put(getattr(self._parsed, name), rows, column))
        attributes = self._parsed.attributes
        offsets = attributes.offsets.to_numpy()
        places, size = _entries(offsets, np.array(rows))
        first = len(_COLUMNS)
        told = zip(texts, size.tolist(), strict=True)
        keys = arrow([key for row, count in told for key in _distinct(row[first : first + count])])
        told = zip(texts, size.tolist(), strict=True)
        items = put(attributes.items, places, [item for row, count in told for item in row[first + count :]])
        same = keys.equals(attributes.keys.take(pa.array(places)))
        keys = attributes.keys if same else put(attributes.keys, places, keys)
        self._parsed.attributes = pa.MapArray.from_arrays(attributes.offsets, keys, items)


def _entries(offsets: NDArray[np.int32], rows: Places) -> tuple[Places, NDArray[np.int32]]:
    """The places of the rows' entries, and how many each has."""
    size = offsets[rows + 1] - offsets[rows]
    before = np.cumsum(size) - size
    return np.arange(size.sum()) + np.repeat(offsets[rows] - before, size), size


def _distinct(keys: Sequence[Text]) -> Sequence[Text]:
    """The keys, numbered where two have become one: a map has each only once."""
    if len(set(keys)) == len(keys):
        return keys
    return [f"{key}#{place}" if key in keys[:place] else key for place, key in enumerate(keys)]
