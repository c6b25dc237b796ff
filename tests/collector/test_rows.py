from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from collector_payloads import MS, NOW

from collector.columns import Events, Parsed, Source
from collector.moment import DAY
from collector.rows import Names, Places, identity, partition, places, table

TIME = MS * 1000


def events(*messages: str, time: int | None = TIME, source: Source | None = None) -> Events:
    ids = [f"id-{number}" for number in range(len(messages))]
    return Events([source or Source("g", "s")] * len(ids), ids, [time] * len(ids), list(messages))


def test_the_time_is_the_envelope_s_then_the_message_s_then_the_arrival() -> None:
    made = events("a", "b", "c")
    made.time = [1, None, None]
    parsed = Parsed.blank(made.message)
    parsed.time = pa.array([2, 2, None])
    assert places(made, parsed, [3, 3, 3], "eu-west-1").time == [1, 2, 3]


def test_the_region_is_the_payload_s_then_the_message_s_then_the_collector_s() -> None:
    made = events("a", "b", "c")
    made.source[0] = Source(region="us-east-1")
    parsed = Parsed.blank(made.message)
    parsed.region = pa.array(["us-west-2", "us-west-2", None])
    assert places(made, parsed, [3, 3, 3], "eu-west-1").region == ["us-east-1", "us-west-2", "eu-west-1"]


def test_rows_are_parted_by_region_and_utc_day() -> None:
    where = Places([TIME, TIME + DAY, TIME, TIME], ["a", "a", "b", "a"])
    assert where.partitions() == {
        ("a", date(2026, 3, 1)): [0, 3],
        ("a", date(2026, 3, 2)): [1],
        ("b", date(2026, 3, 1)): [2],
    }
    same = Places([TIME, TIME + 1], ["a", "a"])
    assert same.partitions() == {("a", date(2026, 3, 1)): range(2)}


def rows_of(made: Events, parsed: Parsed | None = None, now: int = TIME) -> list[dict[str, object]]:
    parsed = parsed or Parsed.blank(made.message)
    where = places(made, parsed, [TIME] * len(made), "eu-west-1")
    made_rows = table(made, parsed, where, ["f"] * len(made), now)
    found: list[dict[str, object]] = partition([made_rows], "eu-west-1", date(2026, 3, 1)).to_pylist()
    return found


def test_a_row_has_every_column() -> None:
    parsed = Parsed.blank(["hello"])
    parsed.account_id, parsed.duration_ms = pa.array(["123456789012"]), pa.array([1.5])
    parsed.http_status = pa.array([503], pa.int32())
    parsed.attributes = pa.array([[("a", "1"), ("b", None)]], parsed.attributes.type)
    (row,) = rows_of(events("hello"), parsed)
    assert row == {
        "time": NOW,
        "observed_time": NOW,
        "account_id": "123456789012",
        "service": None,
        "severity_number": None,
        "severity_text": None,
        "body": "hello",
        "trace_id": None,
        "span_id": None,
        "request_id": None,
        "session_id": None,
        "user_id": None,
        "http_status": 503,
        "duration_ms": 1.5,
        "error_type": None,
        "fingerprint": "f",
        "log_group": "g",
        "log_stream": "s",
        "event_id": "id-0",
        "attributes": [("a", "1"), ("b", None)],
        "region": "eu-west-1",
        "day": date(2026, 3, 1),
    }


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_a_lone_surrogate_is_stored_as_its_escape_in_any_column(text: str) -> None:
    made = events(text, "clean", source=Source(text, text, text))
    parsed = Parsed.blank(made.message)
    shown = text.encode("utf-8", "backslashreplace").decode()
    row, clean = rows_of(made, parsed)
    assert row["body"] == row["log_group"] == shown
    assert clean["body"] == "clean"


def id_of(*batches: Events, region: str = "eu-west-1") -> str:
    names = Names()
    for batch in batches:
        names.add(batch, [TIME if time is None else time for time in batch.time])
    return identity(names, region)


def test_the_identity_of_rows_is_in_their_names_not_in_what_they_say() -> None:
    usual = id_of(events("a", "b"))
    assert id_of(events("redacted", "b")) == usual
    assert id_of(events("a", "b", time=TIME + 1)) != usual
    assert id_of(events("a", "b", source=Source("g", "other"))) != usual
    assert id_of(events("a", "b"), region="us-east-1") != usual
    assert id_of(events("a")) != usual


def test_the_identity_does_not_depend_on_how_rows_were_put_together() -> None:
    def made_of(*numbers: int) -> Events:
        sources = [Source("g", f"stream {number // 2}") for number in numbers]
        ids = [f"id-{number}" for number in numbers]
        return Events(sources, ids, [TIME] * len(ids), ["x"] * len(ids))

    whole = id_of(made_of(1, 2, 3, 4, 5))
    assert id_of(made_of(1), made_of(2, 3), made_of(4, 5)) == whole
    assert id_of(made_of(1, 2), made_of(3, 4, 5)) == whole
    assert id_of(made_of(2, 1, 3, 4, 5)) != whole


def test_rows_of_several_sources_keep_their_own_group_stream_and_account() -> None:
    made = events("a", "b", "c", "d")
    made.source = [Source("g", "1", "11"), Source("g", "1", "11"), Source(None, "2"), Source("g", "1", "11")]
    parsed = Parsed.blank(made.message)
    parsed.account_id = pa.array([None, "22", "33", None])
    names = ("log_group", "log_stream", "account_id")
    assert [tuple(row[name] for name in names) for row in rows_of(made, parsed)] == [
        ("g", "1", "11"),
        ("g", "1", "11"),
        (None, "2", "33"),
        ("g", "1", "11"),
    ]


def test_times_are_utc() -> None:
    (row,) = rows_of(events("a"))
    assert row["time"] == datetime(2026, 3, 1, 12, tzinfo=UTC)
