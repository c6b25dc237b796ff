from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from collector_payloads import MS, NOW

from collector.columns import Events, Parsed, Source
from collector.moment import DAY
from collector.rows import Places, identity, partition, places, table

TIME = MS * 1000


def events(*messages: str, time: int | None = TIME, source: Source | None = None) -> Events:
    ids = [f"id-{number}" for number in range(len(messages))]
    return Events([source or Source("g", "s")] * len(ids), ids, [time] * len(ids), list(messages))


def test_the_time_is_the_envelope_s_then_the_message_s_then_the_arrival() -> None:
    made = events("a", "b", "c")
    made.time = [1, None, None]
    parsed = Parsed.blank(made.message)
    parsed.time = [2, 2, None]
    assert places(made, parsed, [3, 3, 3], "eu-west-1").time == [1, 2, 3]


def test_the_region_is_the_payload_s_then_the_message_s_then_the_collector_s() -> None:
    made = events("a", "b", "c")
    made.source[0] = Source(region="us-east-1")
    parsed = Parsed.blank(made.message)
    parsed.region = ["us-west-2", "us-west-2", None]
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
    parsed.account_id, parsed.http_status, parsed.duration_ms = ["123456789012"], [503], [1.5]
    parsed.attribute_keys, parsed.attribute_values = [("a", "b")], [("1", None)]
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
    parsed.user_id = [text, None]
    parsed.attribute_keys, parsed.attribute_values = [(text,), ()], [(text,), ()]
    shown = text.encode("utf-8", "backslashreplace").decode()
    row, clean = rows_of(made, parsed)
    assert row["body"] == row["user_id"] == row["log_group"] == shown
    assert row["attributes"] == [(shown, shown)]
    assert (clean["body"], clean["user_id"]) == ("clean", None)


def test_the_identity_of_rows_is_in_their_keys_not_in_what_was_made_of_them() -> None:
    def id_of(made: Events, now: int = TIME) -> str:
        parsed = Parsed.blank(made.message)
        where = places(made, parsed, [TIME] * len(made), "eu-west-1")
        made_rows = table(made, parsed, where, ["f"] * len(made), now)
        return identity(partition([made_rows], "eu-west-1", date(2026, 3, 1)))

    usual = id_of(events("a", "b"))
    assert id_of(events("redacted", "b"), now=TIME + 5) == usual
    assert id_of(events("a", "b", time=TIME + 1)) != usual
    assert id_of(events("a", "b", source=Source("g", "other"))) != usual
    assert id_of(events("a")) != usual


def test_the_identity_does_not_depend_on_how_rows_were_put_together() -> None:
    def made_of(*numbers: int) -> Events:
        return Events(
            [Source("g", "s")] * len(numbers),
            [f"id-{number}" for number in numbers],
            [TIME] * len(numbers),
            ["x"] * len(numbers),
        )

    def one(made: Events) -> object:
        parsed = Parsed.blank(made.message)
        where = places(made, parsed, [TIME] * len(made), "eu-west-1")
        return table(made, parsed, where, ["f"] * len(made), TIME)

    day = date(2026, 3, 1)
    whole = partition([one(made_of(1, 2, 3))], "eu-west-1", day)
    parts = partition([one(made_of(1)), one(made_of(2, 3))], "eu-west-1", day)
    taken = partition([one(made_of(0, 1, 2, 3)).take([1, 2, 3])], "eu-west-1", day)  # type: ignore[attr-defined]
    assert identity(whole) == identity(parts) == identity(taken)


def test_times_are_utc() -> None:
    (row,) = rows_of(events("a"))
    assert row["time"] == datetime(2026, 3, 1, 12, tzinfo=UTC)
