"""What is known between two regions: how far their clocks are apart, and whether sessions can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from math import ceil, floor

import numpy as np

from queries.answers import Reader
from queries.clocks import SHORTEST, WINDOW
from queries.consistency.history import ALWAYS, NEVER, Between, Times
from queries.offsets import Clocks, Interval

_PARTS = WINDOW // SHORTEST  # of a window: in one, what is known of two clocks changes little


def between(clocks: Clocks) -> Between:
    """How far the clock of a region is ahead of another's at times by it, ms: the least and the most."""

    @cache
    def known(here: str, there: str, start: int, end: int) -> frozenset[Interval | None]:
        """What is known at both ends and in the middle of a span: one interval if it is always the same."""
        return frozenset(clocks.interval(here, there, at) for at in (start, (start + end) // 2, end - 1))

    @cache
    def ahead(here: str, there: str, part: int) -> Interval:
        window = part // _PARTS * WINDOW
        found = known(here, there, window, window + WINDOW)
        if len(found) > 1:
            found = known(here, there, part * SHORTEST, (part + 1) * SHORTEST)
        sound = [interval for interval in found if interval is not None]
        if len(sound) < len(found):
            return NEVER, ALWAYS
        return floor(min(low for low, _ in sound) / 1000), ceil(max(high for _, high in sound) / 1000)

    def limits(here: str, there: str, times: Times) -> tuple[Times, Times]:
        if here == there:
            return np.zeros_like(times), np.zeros_like(times)
        parts, where = np.unique(np.floor(times * 1000.0 / SHORTEST).astype(np.int64), return_inverse=True)
        found = [ahead(here, there, part) for part in parts.tolist()]
        low, high = np.array(found, np.int64).reshape(-1, 2).T
        return low[where], high[where]

    return limits


def apart(
    reader: Reader, regions: Iterable[str], pseudonyms: Mapping[str, str]
) -> frozenset[tuple[str, str]]:
    """The pairs of regions of which no session of the one can be told to be one of the other.

    `pseudonyms` names the zone of a region with pseudonyms. Sessions in clear are found under the pseudonyms
    of zones whose key is at hand.
    """
    (row,) = reader.rows("select map_keys(pseudonyms('')) as zones")
    names = sorted(regions)

    def comparable(one: str, other: str) -> bool:
        zones = {pseudonyms.get(one), pseudonyms.get(other)}
        return len(zones) == 1 or (None in zones and zones - {None} <= set(row["zones"]))

    return frozenset((one, other) for one in names for other in names if not comparable(one, other))
