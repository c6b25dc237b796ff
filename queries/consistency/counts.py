"""Counting combinations of codes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from queries.consistency.history import Codes


def grouped(*codes: Codes) -> Iterator[tuple[tuple[int, ...], int]]:
    """The combinations that occur in columns of one length, and how often. Codes are at least -1."""
    if not len(codes[0]):
        return
    sizes = [int(each.max()) + 2 for each in codes]
    combined = np.ravel_multi_index([each + 1 for each in codes], sizes)
    for one, count in zip(*(each.tolist() for each in np.unique(combined, return_counts=True)), strict=True):
        yield tuple(int(code) - 1 for code in np.unravel_index(one, sizes)), count
