"""The answers `lost_updates` and `anomalies`: single keys on which the regions contradicted each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from queries.answers import SINCE, UNTIL, Answer, Column, Parameter, Reader, Row, window
from queries.consistency.checker import NOT_FOUND, Operation, check
from queries.consistency.expectation import expectation
from queries.consistency.history import History
from queries.consistency.past import Past, recent
from queries.settings import Settings

_CONTESTED = "contested_columns(since := $since, until := $until)"
_SAMPLED = "sampled_columns(since := $since, until := $until, sample := $sample)"

UNLOGGED = 0.01  # share of a store's versions from which on somebody must write it who logs nothing


def lost(reader: Reader, settings: Settings, since: datetime | None, until: datetime | None) -> Iterator[Row]:
    """One row per lost write, with the write that replaced it, in time order."""
    past = recent(reader, settings, *window(since, until), source=_CONTESTED)
    history = past.history
    for each in sorted(past.lost(), key=lambda each: history.ended[int(each.lost.id)]):
        yield {
            **_key(past, int(each.lost.id)),
            "status": each.status,
            "skew_inversion": each.skew_inversion,
            **_side("lost", history, int(each.lost.id)),
            **_side("winner", history, int(each.winner.id)),
            "expectation": expectation("lost_updates", history.mode.name(int(each.lost.id))),
        }


def anomalies(
    reader: Reader, settings: Settings, since: datetime | None, until: datetime | None, sample: int
) -> Iterator[Row]:
    """One row per anomaly of one key in `sample`."""
    past = recent(reader, settings, *window(since, until), source=_SAMPLED, sample=sample)
    history = past.history
    keys = list(past.keys(np.arange(len(history.ended))))
    silent = _silent(past, keys)
    for row, operations in keys:
        found = check(operations, _known(operations, history.store.name(row) in silent))
        for anomaly in found:
            shown = [int(each.id) for each in anomaly.operations]
            yield {
                **_key(past, row),
                "kind": anomaly.kind,
                "operations": [_operation(history, each) for each in shown],
                "expectation": expectation(anomaly.kind, history.mode.name(shown[-1])),
            }


def _key(past: Past, row: int) -> Row:
    store = past.history.store.name(row)
    mode, key = past.history.mode.name(row), past.history.key.name(row)
    return {"layer": past.layer(store), "store": store, "mode": mode, "key_hash": key}


def _side(side: str, history: History, row: int) -> Row:
    return {f"{side}_{name}": value for name, value in _operation(history, row).items() if name != "op"}


def _operation(history: History, row: int) -> Row:
    return {
        "op_id": history.op_id[row].as_py(),
        "op": "write" if history.is_write[row] else "read",
        "region": history.served_by.name(row),
        "started": _time(history.began[row]),
        "time": _time(history.ended[row]),
        "clock": history.clock.name(row),
        "version": history.version.name(row),
        "based_on": history.based_on.name(row),
        "session_id": history.session.name(row),
    }


def _time(ms: int) -> datetime | None:
    return datetime.fromtimestamp(ms / 1000, UTC) if ms > 0 else None


def _unwritten(operations: Sequence[Operation]) -> tuple[set[str], set[str]]:
    """The versions that were read though nobody logged to write them: those before all writes, and others."""
    written = {each.version for each in operations if each.op == "write"}
    read = {each.version for each in operations if each.op == "read"} - written - {NOT_FOUND}
    oldest = min(map(_number, written), default=0)
    older = {version for version in read if _number(version) < oldest}
    return older, read - older


def _number(version: str) -> int:
    number = version.partition("@")[0]
    return int(number) if number.isdecimal() else 0


def _known(operations: Sequence[Operation], silent: bool) -> set[str]:
    older, others = _unwritten(operations)
    return older | others if silent else older


def _silent(past: Past, keys: Sequence[tuple[int, list[Operation]]]) -> set[str | None]:
    """The stores that somebody writes who logs nothing: there a version that nobody wrote is no garbage."""
    versions: Counter[str | None] = Counter()
    unlogged: Counter[str | None] = Counter()
    for row, operations in keys:
        store = past.history.store.name(row)
        versions[store] += len({each.version for each in operations})
        unlogged[store] += len(_unwritten(operations)[1])
    return {store for store, count in unlogged.items() if count > UNLOGGED * versions[store]}


def _sides(side: str, what: str) -> tuple[Column, ...]:
    return (
        Column(f"{side}_op_id", "VARCHAR", f"event_id or span_id of {what}"),
        Column(f"{side}_region", "VARCHAR", f"region that served {what}"),
        Column(f"{side}_started", "TIMESTAMPTZ", f"when {what} began, by the clock of {side}_clock"),
        Column(f"{side}_time", "TIMESTAMPTZ", f"when {what} was acknowledged, by the clock of {side}_clock"),
        Column(f"{side}_clock", "VARCHAR", f"region that logged {what}"),
        Column(f"{side}_version", "VARCHAR", f"version that {what} made"),
        Column(f"{side}_based_on", "VARCHAR", f"version that {what} knew; null is unknown"),
        Column(f"{side}_session_id", "VARCHAR", f"session of {what}, or its pseudonym"),
    )


_KEY = (
    Column("layer", "VARCHAR", "layer of the store, by [consistency.layers]"),
    Column("store", "VARCHAR", "the store, as the application calls it"),
    Column("mode", "VARCHAR", "MREC, MRSC, EVENTUAL, SESSION or GLOBAL"),
    Column("key_hash", "VARCHAR", "hash of the key"),
)
_EXPECTATION = Column(
    "expectation", "VARCHAR", "violation of what the mode promises, or measurement; null is unknown"
)

LOST_UPDATES = Answer(
    "lost_updates",
    """Acknowledged writes that a write of another region replaced without knowing them, and the one that did.
One row = one lost write, in time order.
  since, until   first instant and the one after the last; default: the last hour
confirmed: `based_on` shows that neither knew the other, or the lost one's region showed the other later.
suspected: `based_on` is missing, and the two are closer in time than probes saw replication take.""",
    (SINCE, UNTIL),
    (
        *_KEY,
        Column("status", "VARCHAR", "confirmed or suspected"),
        Column("skew_inversion", "BOOLEAN", "the winner surely is the older one: a clock is at fault"),
        *_sides("lost", "the lost write"),
        *_sides("winner", "the write that stayed"),
        _EXPECTATION,
    ),
    lost,
)

ANOMALIES = Answer(
    "anomalies",
    """Operations on one key that cannot have happened one after the other in any order that fits their times.
One row = one anomaly, with the shortest cycle of operations each of which came before the next, and the last
before the first.
  since, until   first instant and the one after the last; default: the last hour
  sample         one key in so many is checked, the same in all regions
kind: linearizability (only the times contradict it), causal (sessions and based_on do), future_read (of a
version not yet written), garbage_read (of one nobody wrote; not where somebody writes who logs nothing).""",
    (SINCE, UNTIL, Parameter("sample", "INTEGER", "10")),
    (
        *_KEY,
        Column("kind", "VARCHAR", "linearizability, causal, future_read or garbage_read"),
        Column(
            "operations",
            "STRUCT(op_id VARCHAR, op VARCHAR, region VARCHAR, started TIMESTAMPTZ, time TIMESTAMPTZ, "
            "clock VARCHAR, version VARCHAR, based_on VARCHAR, session_id VARCHAR)[]",
            "the operations of the cycle, times by the clock of the region `clock`",
        ),
        _EXPECTATION,
    ),
    anomalies,
)
