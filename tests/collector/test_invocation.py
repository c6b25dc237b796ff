from __future__ import annotations

from collections.abc import Iterable

import pytest
from collector_payloads import MS

from collector.accounting import Accounting
from collector.columns import Events, Parsed, Source
from collector.envelope import Delivery
from collector.invocation import Invocation
from collector.rows import places, table
from collector.shaper import Batch, Rows

TIME = MS * 1000


def store(invocation: Invocation, keys: Iterable[tuple[str, str, int]], item: str = "item") -> None:
    """Events of these streams, ids and times, made into rows."""
    streams, ids, times = (list(column) for column in zip(*keys, strict=True))
    events = Events([Source("g", stream) for stream in streams], ids, times, ["x"] * len(ids))
    invocation.add(Delivery(b"", item), events)
    batch: Batch = invocation.take()
    parsed = Parsed.blank(events.message)
    where = places(events, parsed, [TIME] * len(ids), "eu-west-1")
    invocation.store(Rows(batch, where, table(events, parsed, where, ["f"] * len(ids), TIME)))


def waiting(invocation: Invocation) -> list[tuple[str, str]]:
    return sorted(
        (row["log_stream"], row["event_id"])
        for segment in invocation.segments.values()
        for part in segment.tables
        for row in part.to_pylist()
    )


def test_a_repeated_event_does_not_wait_to_be_stored() -> None:
    invocation = Invocation("kinesis", TIME)
    store(invocation, [("s", "1", TIME), ("s", "2", TIME), ("s", "1", TIME)])
    store(invocation, [("s", "2", TIME), ("t", "2", TIME), ("s", "3", TIME)])
    assert waiting(invocation) == [("s", "1"), ("s", "2"), ("s", "3"), ("t", "2")]
    assert invocation.account("item") == Accounting(received=6, duplicate=2)


def test_one_id_at_several_times_is_several_events() -> None:
    invocation = Invocation("kinesis", TIME)
    for _ in range(2):
        store(invocation, [("s", "1", TIME), ("s", "1", TIME + 1), ("s", "1", TIME), ("s", "1", TIME + 1)])
    assert waiting(invocation) == [("s", "1"), ("s", "1")]
    assert invocation.account("item").duplicate == 6


def test_each_row_that_waits_is_known_by_its_item() -> None:
    invocation = Invocation("kinesis", TIME)
    store(invocation, [("s", "1", TIME), ("s", "2", TIME)], "a")
    store(invocation, [("s", "2", TIME), ("s", "3", TIME)], "b")
    (segment,) = invocation.segments.values()
    assert segment.items == {"a": 2, "b": 1}
    assert invocation.waiting == sum(part.nbytes for part in segment.tables)


def test_what_was_stored_is_forgotten() -> None:
    invocation = Invocation("file", TIME)
    store(invocation, [("s", "1", TIME)])
    invocation.clear()
    assert (waiting(invocation), invocation.waiting) == ([], 0)


def test_a_failed_item_does_not_count_as_received() -> None:
    invocation = Invocation("kinesis", TIME)
    invocation.begin("a")
    invocation.begin("b")
    invocation.control("a", 1)
    invocation.control("b", 2)
    invocation.fail(["b", "c"], ConnectionError("down"))
    assert invocation.accounting() == Accounting(received=1, control=1)
    assert invocation.returned() == 3
    with pytest.raises(ConnectionError, match="down"):
        invocation.check()
