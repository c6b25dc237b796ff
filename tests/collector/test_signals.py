"""Spans, metrics, events and probes on their way through the collector, whatever their source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from collector_payloads import NOW, OPEN, collector

from collector.decode import Misfit
from collector.signals import Signals
from queries import connect
from store import quarantine
from store.commit import sweep
from store.objects import Store
from store.schema import EVENTS, LOGS, SPANS, TABLES
from store.zone import KeyUnavailable, Zone, pseudonym

KEY = b"0123456789abcdef"
CLOSED = Zone("eu", "pseudonym", ("email", "ip"), "env:UNUSED")
US = round(NOW.timestamp() * 1_000_000)


def span(number: int = 1, **columns: Any) -> dict[str, Any]:
    return {"time": US + number, "trace_id": f"{number:032x}", "span_id": f"{number:016x}", **columns}


def spans(*rows: dict[str, Any], misfits: tuple[Misfit, ...] = ()) -> Signals:
    return Signals.of(SPANS, rows, misfits)


def rows(store: Store, table: str, order: str = "time") -> list[dict[str, Any]]:
    assert not sweep(store).failed
    with connect(store) as session:
        relation = session.sql(f"from {table} order by {order}")
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_row_of_any_table_is_stored_with_all_that_was_told_and_null_for_the_rest(
    local_store: Store, table: Any
) -> None:
    told: dict[str, Any] = {"time": US, "attributes": {"a": "1", "b": None}}
    told |= {column.name: column.name for column in table.columns if column.type == "string"}
    told |= {"region": "eu-west-1"}
    told |= {column.name: 7 for column in table.columns if column.type == "integer"}
    told |= {column.name: 1.5 for column in table.columns if column.type == "double"}

    accounting = collector(local_store).record("test", [Signals.of(table, [told, {"time": US + 1}])])

    assert accounting.counts() == {
        "received": 2,
        "stored": 2,
        "duplicate": 0,
        "control": 0,
        "quarantined": 0,
    }
    first, second = rows(local_store, table.name)
    own = {"time": NOW, "observed_time": NOW, "day": NOW.date()}
    assert first == told | own
    assert second == dict.fromkeys(told) | own | {
        "time": NOW + timedelta(microseconds=1),
        "region": "eu-west-1",
        "attributes": {},
        **({"fingerprint": second["fingerprint"]} if table is LOGS else {}),
    }


def test_rows_of_several_regions_and_days_lie_in_their_partitions(local_store: Store) -> None:
    day = 86_400_000_000

    collector(local_store).record(
        "test", [spans(span(1), span(2, region="us-east-1"), span(3, time=US - day))]
    )

    found = [(row["region"], row["day"]) for row in rows(local_store, "spans", "trace_id")]
    yesterday = NOW.date() - timedelta(days=1)
    assert found == [("eu-west-1", NOW.date()), ("us-east-1", NOW.date()), ("eu-west-1", yesterday)]


def test_what_cannot_be_a_row_is_quarantined_and_counted_beside_its_neighbours(local_store: Store) -> None:
    misfit = Misfit(b'{"trace_id": 1}', "trace_id is 1: must be text", None)

    accounting = collector(local_store).record("test", [spans(span(), misfits=(misfit,))])

    assert accounting.counts() == {
        "received": 2,
        "stored": 1,
        "duplicate": 0,
        "control": 0,
        "quarantined": 1,
    }
    (entry,) = quarantine.entries(local_store)
    rejected = quarantine.reveal(entry)
    assert (rejected.payload, rejected.reason) == (misfit.document, misfit.reason)


def test_the_same_rows_again_are_duplicates_even_when_observed_later(local_store: Store) -> None:
    once = collector(local_store).record("test", [spans(span())])
    again = collector(local_store, now=lambda: NOW + timedelta(hours=1)).record("test", [spans(span())])

    assert (once.stored, again.duplicate) == (1, 1)
    assert len(rows(local_store, "spans")) == 1


def test_a_closed_zone_lets_no_identity_and_no_address_out(local_store: Store) -> None:
    signals = spans(
        span(
            user_id="u-1042",
            session_id="s-77889900",
            name="GET /users/u-1042",
            status_message="bob@example.com is unknown at 192.0.2.17",
            attributes={"enduser.id": "u-1042", "session": "s-77889900", "mail bob@example.com": None},
        )
    )

    collector(local_store, zone_of=lambda _: CLOSED, key_of=lambda _: KEY).record("test", [signals])

    (row,) = rows(local_store, "spans")
    user, session = pseudonym(KEY, "u-1042"), pseudonym(KEY, "s-77889900")
    mail, ip = pseudonym(KEY, "bob@example.com"), pseudonym(KEY, "192.0.2.17")
    assert (row["user_id"], row["session_id"]) == (user, session)
    assert row["name"] == f"GET /users/<user:{user}>"
    assert row["status_message"] == f"<email:{mail}> is unknown at <ip:{ip}>"
    assert row["attributes"] == {
        "enduser.id": f"<user:{user}>",
        "session": f"<session:{session}>",
        f"mail <email:{mail}>": None,
    }


def test_without_the_zones_key_nothing_is_stored_and_the_caller_hears_of_it(local_store: Store) -> None:
    def no_key(zone: Zone) -> bytes:
        raise KeyUnavailable("no key")

    closed = collector(local_store, zone_of=lambda _: CLOSED, key_of=no_key)

    with pytest.raises(KeyUnavailable):
        closed.record("test", [spans(span(user_id="u-1042"))])
    assert rows(local_store, "spans") == []


def test_each_row_is_redacted_by_the_zone_of_its_own_region(local_store: Store) -> None:
    zones = {"eu-west-1": CLOSED, "us-east-1": OPEN}
    signals = spans(
        span(1, user_id="u-1042", region="us-east-1"), span(2, user_id="u-1042", region="eu-west-1")
    )

    collector(local_store, zone_of=zones.__getitem__, key_of=lambda _: KEY).record("test", [signals])

    assert [row["user_id"] for row in rows(local_store, "spans")] == ["u-1042", pseudonym(KEY, "u-1042")]


def test_signals_of_several_tables_are_accounted_for_together(local_store: Store) -> None:
    def fetched() -> Iterator[Signals]:
        yield spans(span(1), span(2))
        yield Signals.of(EVENTS, [{"time": US, "kind": "alarm", "event_id": "e-1"}])
        yield Signals.of(EVENTS, [])

    assert collector(local_store).record("test", fetched()).stored == 3
    assert (len(rows(local_store, "spans")), len(rows(local_store, "events"))) == (2, 1)


def test_a_lone_surrogate_becomes_its_escape(local_store: Store) -> None:
    collector(local_store).record("test", [spans(span(name="bad \ud800", attributes={"\udc00": "\ud800"}))])

    (row,) = rows(local_store, "spans")
    assert (row["name"], row["attributes"]) == ("bad \\ud800", {"\\udc00": "\\ud800"})


def test_a_row_that_defeats_the_recorder_is_quarantined_whole_and_its_neighbours_are_stored(
    local_store: Store,
) -> None:
    signals = spans(span(1), span(2, http_status="many"), span(3))

    accounting = collector(local_store).record("test", [signals])

    assert (accounting.received, accounting.stored, accounting.quarantined) == (3, 2, 1)
    (entry,) = quarantine.entries(local_store)
    assert json.loads(quarantine.reveal(entry).payload) == span(2, http_status="many")


def test_the_neighbours_of_a_row_that_defeats_the_recorder_get_the_same_pseudonyms(
    local_store: Store,
) -> None:
    signals = spans(span(1, user_id="u-1042"), span(2, user_id="u-1042", http_status="many"))

    closed = collector(local_store, zone_of=lambda _: CLOSED, key_of=lambda _: KEY)
    closed.record("test", [signals])

    assert [row["user_id"] for row in rows(local_store, "spans")] == [pseudonym(KEY, "u-1042")]
