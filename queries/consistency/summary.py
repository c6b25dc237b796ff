"""The answer `consistency`: how many reads and writes kept what, between which regions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np

from queries.answers import SINCE, UNTIL, Answer, Column, Reader, Row, window
from queries.consistency.counts import grouped
from queries.consistency.expectation import expectation
from queries.consistency.guarantees import DOUBTFUL, KEPT, NOTHING, VIOLATED, Verdicts
from queries.consistency.history import Codes, History
from queries.consistency.lost import Lost
from queries.consistency.past import recent
from queries.settings import Settings

Group = tuple[
    str, str | None, str | None, str | None, str | None
]  # guarantee, store, mode, write and read region


def consistency(
    reader: Reader, settings: Settings, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """One row per guarantee, store, mode and pair of regions. Default: the last hour."""
    past = recent(reader, settings, *window(since, until))
    counts: dict[Group, Counter[int]] = {}
    for verdicts in past.guarantees():
        counts |= _counts(past.history, verdicts)
    counts |= _writes(past.history, past.lost())
    for (guarantee, store, mode, write, read), count in sorted(counts.items(), key=str):
        yield {
            "guarantee": guarantee,
            "layer": past.layer(store),
            "store": store,
            "mode": mode,
            "write_region": write,
            "read_region": read,
            **_row(count),
            "expectation": expectation(guarantee, mode),
        }
    yield from _agreement(reader, *window(since, until))


def _agreement(reader: Reader, since: datetime, until: datetime) -> Iterator[Row]:
    rows = reader.rows("from replica_agreement(since := $since, until := $until)", since=since, until=until)
    for row in rows:
        count = Counter({KEPT: row["kept"], VIOLATED: row["violations"], DOUBTFUL: row["unknown"]})
        of = {"layer": row["layer"], "store": row["resource"], "write_region": row["region"]}
        yield {"guarantee": "phi", **of, **_row(count)}


def _row(count: Counter[int]) -> Row:
    """Counts, and the share that was kept: at least if all that is unknown was not, at most if it all was."""
    kept, violated, unknown = count[KEPT], count[VIOLATED], count[DOUBTFUL]
    eligible = kept + violated + unknown
    return {
        "eligible": eligible,
        "kept": kept,
        "violations": violated,
        "unknown": unknown,
        "ratio_least": kept / eligible if eligible else None,
        "ratio_most": (kept + unknown) / eligible if eligible else None,
    }


def _counts(history: History, verdicts: Verdicts, read_in: Codes | None = None) -> dict[Group, Counter[int]]:
    """Verdicts by store, mode, region that wrote and region that read: the one that served, unless given."""
    judged = np.flatnonzero(verdicts.verdict != NOTHING)
    reads = verdicts.reads[judged]
    columns = (history.store, history.mode, history.served_by, history.served_by)
    codes = (
        history.store.codes[reads],
        history.mode.codes[reads],
        verdicts.written_in[judged],
        history.served_by.codes[reads] if read_in is None else read_in[judged],
        verdicts.verdict[judged],
    )
    counts: dict[Group, Counter[int]] = {}
    for (*group, verdict), count in grouped(*codes):
        store, mode, write, read = (
            column.names[code] if code >= 0 else None for column, code in zip(columns, group, strict=True)
        )
        counts.setdefault((verdicts.guarantee, store, mode, write, read), Counter())[verdict] += count
    return counts


def _writes(history: History, lost: Iterable[Lost]) -> dict[Group, Counter[int]]:
    """Acknowledged writes by the region that served them, and which of them were lost."""
    verdict = np.where(history.is_write & history.inside, KEPT, NOTHING)
    for each in lost:
        row = int(each.lost.id)
        if verdict[row] == KEPT:
            verdict[row] = VIOLATED if each.status == "confirmed" else DOUBTFUL
    writes = np.flatnonzero(verdict != NOTHING)
    nowhere = np.full(len(writes), -1)
    columns = Verdicts("lost_updates", writes, verdict[writes], history.served_by.codes[writes])
    return _counts(history, columns, nowhere)


CONSISTENCY = Answer(
    "consistency",
    """How far the regions agree: what the reads and writes the application logged kept of each guarantee.
One row = one guarantee, store, mode and ordered pair of regions; unknown counts as unknown, never as kept.
  since, until   first instant and the one after the last; default: the last hour
A session's own write is expected in its reads of the next five minutes; what ended more than five minutes
before `since` is not looked at. phi: probes after which all replicas had the version, while they waited.""",
    (SINCE, UNTIL),
    (
        Column("guarantee", "VARCHAR", "read_your_writes, monotonic_reads, stale_reads, lost_updates or phi"),
        Column("layer", "VARCHAR", "layer of the store, by [consistency.layers]"),
        Column("store", "VARCHAR", "the store, as the application calls it"),
        Column("mode", "VARCHAR", "the mode of the operations: MREC, MRSC, EVENTUAL, SESSION or GLOBAL"),
        Column("write_region", "VARCHAR", "region that wrote what had to be seen, or must not be lost"),
        Column("read_region", "VARCHAR", "region that served the read; null where all others are meant"),
        Column(
            "eligible", "BIGINT", "reads, writes (lost_updates) or probes (phi) that had something to keep"
        ),
        Column("kept", "BIGINT", "those that kept it for certain"),
        Column("violations", "BIGINT", "those that did not for certain"),
        Column("unknown", "BIGINT", "the rest: a version, a clock or whose session it is, is not known"),
        Column("ratio_least", "DOUBLE", "share that kept it, if no unknown one did; null if there are none"),
        Column("ratio_most", "DOUBLE", "share that kept it, if all unknown ones did"),
        Column(
            "expectation", "VARCHAR", "violation of what the mode promises, or measurement; null is unknown"
        ),
    ),
    consistency,
)
