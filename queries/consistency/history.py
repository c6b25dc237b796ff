"""The operations of a span of time as columns of codes and numbers, by which millions can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from queries.answers import Reader

Codes = NDArray[np.int64]
Times = NDArray[np.int64]  # ms since the epoch
Flags = NDArray[np.bool_]
Between = Callable[[str, str, Times], tuple[Times, Times]]

UNKNOWN, NOT_FOUND = -1, 0  # ranks; those of versions begin at 1
NEVER, ALWAYS = -(2**60), 2**60  # times, to which others can be added

_VERSION = re.compile(r"(\d{1,20})@([\w-]+)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text: a number per row, and what it stands for; -1 is a missing one."""

    codes: Codes
    names: Sequence[str]

    def name(self, row: int) -> str | None:
        code = self.codes[row]
        return self.names[code] if code >= 0 else None


@dataclass(frozen=True, slots=True)
class History:
    """Acknowledged operations, one per row, in no order.

    `began` and `ended` are by the clock of the region in `clock`, ms: an operation cannot have begun before
    `began` (NEVER: unknown), and has ended within the ms of `ended`. `rank` is the place of its version among
    all: by number, then by the region that wrote it; `written_in` is that region, by rank. Rows that are not
    `inside` are there to explain later ones only. `op_id` is an Arrow column. `own` is the same number for
    what one session is called in different zones, as far as that can be known; -1 is no session.
    """

    op_id: Any
    began: Times
    ended: Times
    inside: Flags
    is_write: Flags
    store: Column
    key: Column
    session: Column
    own: Codes
    clock: Column
    served_by: Column
    mode: Column
    version: Column
    based_on: Column
    rank: Codes
    written_in: Sequence[str | None]

    @property
    def keys(self) -> Codes:
        """The same number for operations on the same key of the same store."""
        return self.store.codes * len(self.key.names) + self.key.codes


def load(reader: Reader, source: str, since: datetime, until: datetime, **parameters: Any) -> History:
    """The operations that `source` yields, a call of a macro with the columns of operation_columns().

    A session in clear in one region and a pseudonym in another is one, if the zone's key is at hand.
    """
    found = reader.table(f"select * from {source}", since=since, until=until, **parameters)
    ended = found["ended"].to_numpy()
    version = _column(found["version"])
    written_in, ranks = _ranked(version.names)
    columns = {name: _column(found[name]) for name in _TEXT}
    return History(
        op_id=found["op_id"],
        began=found["began"].to_numpy(),
        ended=ended,
        inside=ended >= int(since.timestamp() * 1000),
        is_write=found["is_write"].to_numpy(),
        version=version,
        rank=np.append(ranks, UNKNOWN)[version.codes],
        written_in=written_in,
        own=_linked(columns["session"], reader),
        **columns,
    )


_TEXT = ("store", "key", "session", "clock", "served_by", "mode", "based_on")


def _column(column: Any) -> Column:
    coded = column.combine_chunks().dictionary_encode()
    return Column(coded.indices.fill_null(-1).to_numpy().astype(np.int64), coded.dictionary.to_pylist())


def _linked(sessions: Column, reader: Reader) -> Codes:
    """The codes of sessions, with one for a session in clear and its pseudonyms."""
    query = "select pseudonyms(name) as others from unnest($names::varchar[]) as session(name)"
    rows = reader.rows(query, names=sessions.names)
    known = {name: code for code, name in enumerate(sessions.names)}
    codes = np.arange(len(known) + 1)
    for code, row in enumerate(rows):
        for other in row["others"].values():
            if other in known:
                codes[known[other]] = code
    codes[-1] = -1
    return codes[sessions.codes]


def _ranked(versions: Sequence[str]) -> tuple[list[str | None], Codes]:
    """The region that wrote each rank, and the rank of each version."""
    parsed = [_VERSION.fullmatch(version) for version in versions]
    known = sorted({(int(match[1]), match[2]) for match in parsed if match})
    rank_of = {version: rank for rank, version in enumerate(known, NOT_FOUND + 1)}
    ranks = [
        rank_of[int(match[1]), match[2]] if match else NOT_FOUND if version == "none" else UNKNOWN
        for version, match in zip(versions, parsed, strict=True)
    ]
    return [None, *(region for _, region in known)], np.array(ranks, np.int64)
