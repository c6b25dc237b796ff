"""What happened in a span of time, and what is known of the regions: what the answers here rest on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np

from queries.answers import Reader
from queries.consistency.checker import Operation
from queries.consistency.guarantees import HORIZON, Guarantees, Verdicts
from queries.consistency.history import Between, Codes, History, load
from queries.consistency.keys import by_key
from queries.consistency.lags import Lags, lags
from queries.consistency.lost import Lost, lost_updates
from queries.consistency.regions import apart, between
from queries.offsets import clocks
from queries.settings import Settings

_HORIZON = timedelta(milliseconds=HORIZON)


ALL = "operation_columns(since := $since, until := $until, before_s := 300)"


@dataclass(frozen=True, slots=True)
class Past:
    """Operations, and what bounds how far clocks are apart; `reference` is the clock that is known best."""

    history: History
    settings: Settings
    between: Between
    reference: str | None
    apart: frozenset[tuple[str, str]]
    lags: Lags

    def guarantees(self) -> Iterator[Verdicts]:
        """What the reads kept of each guarantee."""
        return Guarantees(self.history, self.between, self.apart).all()

    def keys(self, rows: Codes) -> Iterator[tuple[int, list[Operation]]]:
        """The operations by key, with one of the key's rows."""
        return by_key(self.history, rows, self.reference, self.between)

    def lost(self) -> Iterator[Lost]:
        """The lost updates of all keys that more than one region has written."""
        for row, operations in self.keys(_contested(self.history)):
            store = self.history.store.name(row)
            yield from lost_updates(operations, partial(self.lags, store, self.layer(store)))

    def layer(self, store: str | None) -> str | None:
        return self.settings.operations.layers.get(store or "")


def _contested(history: History) -> Codes:
    writes = np.flatnonzero(history.is_write)
    regions = len(history.served_by.names)
    writers = np.unique(history.keys[writes] * regions + history.served_by.codes[writes]) // max(regions, 1)
    return np.flatnonzero(np.isin(history.keys, writers[1:][np.diff(writers) == 0]))


def recent(
    reader: Reader, settings: Settings, since: datetime, until: datetime, source: str = ALL, **parameters: Any
) -> Past:
    """What happened from `since` to before `until`, by a macro with the columns of operation_columns()."""
    history = load(reader, source, since, until, **parameters)
    known = clocks(reader, since - _HORIZON, until)
    return Past(
        history,
        settings,
        between(known),
        known.reference,
        apart(reader, history.clock.names, settings.pseudonyms),
        lags(reader, since, until),
    )
