"""Redaction of spans, metrics, events, probes and of logs that come with columns (OTLP).

As collector/redact.py does for log messages: values of the zone's kinds become `<kind:pseudonym>` in every
text, ids of user and session become pseudonyms in their columns and `<user:pseudonym>` in texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from collector.identity import Identity
from collector.patterns import detectors
from collector.placeholder import placeholder
from collector.scrub import Scrubber
from collector.signals import Signals
from store.schema import LOGS
from store.zone import Zone, canonical, pseudonym

# Columns of our own making, or whose form leaves no room for anybody's data.
_STRUCTURAL = {
    *("region", "account_id", "source_region", "target_region", "from_region", "to_region"),
    *("trace_id", "span_id", "parent_span_id", "event_id", "series", "key_hash", "fingerprint"),
    *("kind", "status_code", "severity_text", "layer", "unit", "statistic", "outcome", "mode"),
}
_IDENTITIES = {"user_id": "user", "session_id": "session"}


def redact(signals: Signals, rows: Sequence[int], zone: Zone, key: bytes) -> None:
    """Redact these rows in place; the columns are lists."""
    if signals.table is LOGS:  # a digest would let anyone confirm a guess of what redaction takes out
        ids = signals.columns.get("event_id") or []
        for row in rows if ids else ():
            ids[row] = pseudonym(key, ids[row])
    if zone.identities == "pseudonym":
        for column, kind in _IDENTITIES.items():
            _pseudonymise(signals, rows, column, kind, key)
    if zone.redact:
        scrub = Scrubber(detectors(zone.redact), lambda kind, value: placeholder(kind, pseudonym(key, value)))
        texts = list(dict.fromkeys(text for row in rows for text in _texts(signals, row)))
        scrubbed = dict(zip(texts, scrub(texts), strict=True))
        for row in rows:
            _rewrite(signals, row, scrubbed.__getitem__)


def _pseudonymise(signals: Signals, rows: Iterable[int], column: str, kind: str, key: bytes) -> None:
    ids = signals.columns.get(column)
    if ids is None:
        return
    known = {value: Identity(kind, value, pseudonym(key, canonical(value))) for value in {*ids} if value}
    for row in rows:
        if identity := known.get(ids[row]):
            ids[row] = identity.pseudonym
            _rewrite(signals, row, identity.text)


def _columns(signals: Signals) -> list[list[Any]]:
    """The columns of text that somebody's data can be in, but those of ids and the attributes."""
    return [
        signals.columns[column.name]
        for column in signals.table.columns
        if column.type == "string"
        and column.name in signals.columns
        and column.name not in _STRUCTURAL
        and column.name not in _IDENTITIES
    ]


def _texts(signals: Signals, row: int) -> list[str]:
    found = [column[row] for column in _columns(signals)]
    attributes = _attributes(signals, row)
    return [text for text in (*found, *attributes, *attributes.values()) if text]


def _attributes(signals: Signals, row: int) -> Mapping[str, str | None]:
    column = signals.columns.get("attributes")
    return (column and column[row]) or {}


def _rewrite(signals: Signals, row: int, scrubbed: Callable[[str], str]) -> None:
    for column in _columns(signals):
        if text := column[row]:
            column[row] = scrubbed(text)
    if attributes := _attributes(signals, row):
        signals.columns["attributes"][row] = {
            scrubbed(name): value and scrubbed(value) for name, value in attributes.items()
        }
