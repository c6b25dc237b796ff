from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from collector_payloads import (
    CONTROL,
    MS,
    NOW,
    OPEN,
    STREAM,
    awslogs,
    bodies,
    collector,
    counts,
    document,
    encoded,
    event,
    failed,
    firehose,
    kinesis,
    notification,
    object_created,
    only,
    quarantined,
    s3,
    segments,
    sns,
    sqs,
    stored,
    text,
    zipped,
)

from collector.envelope import Reference
from collector.objects import Gone
from store import commit, quarantine
from store.objects import Store
from store.zone import KeyUnavailable, Zone, pseudonym

KEY = b"0123456789abcdef"
CLOSED = Zone("eu", "pseudonym", ("email",), "env:UNUSED")
DOCUMENT = document(event(1), event(2))
PAYLOAD = zipped(DOCUMENT)
TEXTS = ["INFO order 1 accepted", "INFO order 2 accepted"]


def fetched(content: bytes) -> Callable[[Reference], bytes]:
    return lambda reference: content


@pytest.mark.parametrize(
    "delivered",
    [
        awslogs(PAYLOAD),
        kinesis(PAYLOAD),
        firehose(PAYLOAD),
        sns(text(PAYLOAD)),
        notification(text(PAYLOAD)),
        sqs(text(PAYLOAD)),
        sqs(encoded(DOCUMENT).decode()),
        sqs(encoded(awslogs(PAYLOAD)).decode()),
        sqs(encoded(notification(text(PAYLOAD))).decode()),
        sqs(encoded(s3("x.gz")).decode()),
        sqs(encoded(notification(encoded(s3("x.gz")).decode())).decode()),
        sqs(encoded(object_created("x.gz")).decode()),
        sns(encoded(s3("x.gz")).decode()),
        s3("x.gz"),
        object_created("x.gz"),
        DOCUMENT,
        kinesis(encoded(DOCUMENT)),
        kinesis(zipped(document(event(1)), document(event(2)))),
        kinesis(zipped(document(event(1))), zipped(document(event(2)))),
    ],
    ids=lambda delivered: str(delivered)[:70],
)
def test_the_same_events_become_the_same_rows_whatever_brings_them(
    local_store: Store, delivered: Any
) -> None:
    result = collector(local_store, fetch=fetched(PAYLOAD)).collect(delivered)
    assert counts(result) == only(stored=2)
    assert bodies(local_store) == TEXTS
    row = stored(local_store)[0]
    assert row["time"] == datetime(2026, 3, 1, 12, 0, 0, 1000, tzinfo=UTC)
    assert row["observed_time"] == NOW
    assert (row["region"], row["day"]) == ("eu-west-1", date(2026, 3, 1))
    assert (row["account_id"], row["log_group"]) == ("123456789012", "/aws/lambda/orders")
    assert (row["log_stream"], row["event_id"]) == ("2026/03/01/[$LATEST]4f2a", f"{1:056d}")


def test_a_batch_becomes_one_segment_per_region_and_day(local_store: Store) -> None:
    midnight = event(3, timestamp=MS + 12 * 3_600_000)
    elsewhere = event(4, extractedFields={"@aws.region": "us-east-1", "@aws.account": "111111111111"})
    result = collector(local_store).collect(kinesis(PAYLOAD, zipped(document(midnight, elsewhere))))
    assert counts(result) == only(stored=4)
    places = [path.rpartition("/")[0] for path in segments(local_store)]
    assert places == [
        "logs/region=eu-west-1/day=2026-03-01",
        "logs/region=eu-west-1/day=2026-03-02",
        "logs/region=us-east-1/day=2026-03-01",
    ]
    assert stored(local_store)[2]["account_id"] == "111111111111"


def test_a_retry_writes_nothing_new(local_store: Store) -> None:
    there = collector(local_store)
    assert counts(there.collect(kinesis(PAYLOAD))) == only(stored=2)
    before = segments(local_store)
    assert counts(there.collect(kinesis(PAYLOAD))) == only(duplicate=2)
    assert segments(local_store) == before


def test_each_segment_depends_on_its_own_records_alone(local_store: Store) -> None:
    there = collector(local_store)
    other = zipped(document(event(9, extractedFields={"@aws.region": "us-east-1"})))
    there.collect(kinesis(PAYLOAD))
    assert counts(there.collect(kinesis(PAYLOAD, other))) == only(duplicate=2, stored=1)


def test_an_event_that_comes_twice_in_a_batch_is_stored_once(local_store: Store) -> None:
    again = zipped(document(event(2), event(3)))
    assert counts(collector(local_store).collect(kinesis(PAYLOAD, again))) == only(stored=3, duplicate=1)
    assert bodies(local_store) == [*TEXTS, "INFO order 3 accepted"]


def test_the_same_id_in_another_stream_is_another_event(local_store: Store) -> None:
    other = zipped(document(event(1), logStream="other"))
    assert counts(collector(local_store).collect(kinesis(PAYLOAD, other))) == only(stored=3)


def test_a_control_message_is_counted_and_never_stored(local_store: Store) -> None:
    result = collector(local_store).collect(kinesis(zipped(CONTROL), zipped(CONTROL, DOCUMENT)))
    assert counts(result) == only(control=2, stored=2)


def test_excluded_log_groups_are_not_collected(local_store: Store) -> None:
    own = zipped(document(event(1), event(2), logGroup="/aws/lambda/regionscope-collector"))
    similar = zipped(document(event(3), logGroup="/aws/lambda/regionscope"))
    there = collector(local_store, exclude=[r"/aws/lambda/regionscope-.*", r"/own/.*"])
    assert counts(there.collect(kinesis(own, similar))) == only(control=2, stored=1)


def test_an_unreadable_record_is_quarantined_whole_and_its_neighbours_are_stored(local_store: Store) -> None:
    torn = PAYLOAD[:-9]
    result = collector(local_store).collect(kinesis(PAYLOAD, torn, zipped(document(event(3)))))
    assert failed(result) == []
    assert counts(result) == only(stored=3, quarantined=1)
    (rejected,) = quarantined(local_store)
    assert (rejected.payload, rejected.reason) == (torn, "compressed data is truncated")
    assert (rejected.context["item"], rejected.context["stream"]) == ("seq-1", STREAM)


def test_a_bad_event_is_quarantined_alone(local_store: Store) -> None:
    result = collector(local_store).collect(awslogs(zipped(document(event(1), event(2, id=None)))))
    assert counts(result) == only(stored=1, quarantined=1)
    (rejected,) = quarantined(local_store)
    assert b"order 2" in rejected.payload
    assert b"order 1" not in rejected.payload


def test_garbage_between_documents_is_quarantined_alone(local_store: Store) -> None:
    payload = encoded(document(event(1))) + b"oops" + encoded(document(event(2)))
    assert counts(collector(local_store).collect(kinesis(payload))) == only(stored=2, quarantined=1)
    assert [rejected.payload for rejected in quarantined(local_store)] == [b"oops"]


@pytest.mark.parametrize(
    "payload",
    [b"Hello", b'{"message": "Hello"}', b"1 2 3", b"", b"\xff\xfe", b"[]", b'{"messageType":"NEW"}'],
)
def test_a_record_that_is_no_log_document_counts_once(local_store: Store, payload: bytes) -> None:
    result = collector(local_store).collect(kinesis(payload))
    assert counts(result) == only(quarantined=1)
    assert [rejected.payload for rejected in quarantined(local_store)] == [payload]


@pytest.mark.parametrize("nonsense", [None, [], {}, "text", 7, {"Records": []}, {"a": {"b": [1]}}])
def test_an_event_of_no_known_trigger_is_quarantined(local_store: Store, nonsense: Any) -> None:
    assert counts(collector(local_store).collect(nonsense)) == only(quarantined=1)
    assert [rejected.payload for rejected in quarantined(local_store)] == [encoded(nonsense)]


def test_lines_that_aws_delivers_to_streams_are_logs(local_store: Store) -> None:
    waf = b'{"timestamp":1693457862729,"formatVersion":1,"webaclId":"arn","httpRequest":{"uri":"/"}}'
    assert counts(collector(local_store).collect(kinesis(waf, waf + b"\n" + waf))) == only(stored=3)
    rows = stored(local_store)
    assert {row["body"] for row in rows} == {waf.decode()}
    assert {row["event_id"] for row in rows} == {"seq-0", "seq-1", "seq-1#1"}
    assert {row["log_group"] for row in rows} == {STREAM}
    assert rows[0]["time"] == datetime.fromtimestamp(1693457862.729, UTC)


def test_what_api_gateway_delivers_to_its_firehose_is_logs_line_by_line(local_store: Store) -> None:
    stream = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/amazon-apigateway-shop"
    result = collector(local_store).collect(firehose(b'{"requestId":"a"}\n', b"GET / 200\n", stream=stream))
    assert counts(result) == only(stored=2)
    assert bodies(local_store) == ['{"requestId":"a"}', "GET / 200"]


def test_a_firehose_hears_of_every_record(local_store: Store) -> None:
    result = collector(local_store).collect(
        firehose(PAYLOAD, b"Hello", zipped(CONTROL), zipped(document(event(3), event(4, id=None))))
    )
    assert result["records"] == [
        {"recordId": "record-0", "result": "Dropped"},
        {"recordId": "record-1", "result": "ProcessingFailed"},
        {"recordId": "record-2", "result": "Dropped"},
        {"recordId": "record-3", "result": "Dropped"},
    ]
    assert counts(result) == only(stored=3, control=1, quarantined=2)


def test_the_region_in_an_object_s_key_counts_more_than_the_collector_s(local_store: Store) -> None:
    key = "AWSLogs/123456789012/elasticloadbalancing/us-east-1/2026/03/01/x.log"
    line = b"2026-03-01T12:00:00Z INFO hello\n"
    assert counts(collector(local_store, fetch=fetched(line)).collect(s3(key))) == only(stored=1)
    (row,) = stored(local_store)
    assert (row["region"], row["account_id"]) == ("us-east-1", "123456789012")
    assert (row["log_group"], row["log_stream"]) == ("s3://logs", key)


def test_lines_without_a_time_happened_when_their_object_arrived(local_store: Store) -> None:
    there = collector(local_store, fetch=fetched(b"hello\nhello\n"))
    assert counts(there.collect(s3("x.log"))) == only(stored=2)
    assert {row["time"] for row in stored(local_store)} == {NOW}
    assert counts(there.collect(s3("x.log"))) == only(duplicate=2)


def test_an_object_that_is_gone_is_quarantined_by_its_notification(local_store: Store) -> None:
    def gone(reference: Reference) -> bytes:
        raise Gone("s3://logs/x: NoSuchKey")

    notified = s3("x")
    assert counts(collector(local_store, fetch=gone).collect(notified)) == only(quarantined=1)
    (rejected,) = quarantined(local_store)
    assert rejected.payload == encoded(notified)
    assert counts(collector(local_store, fetch=fetched(PAYLOAD)).replay(rejected).counts()) == only(stored=2)


def test_an_object_out_of_reach_is_asked_for_again(local_store: Store) -> None:
    def down(reference: Reference) -> bytes:
        if reference.key == "bad":
            raise ConnectionError("S3 is down")
        return PAYLOAD

    there = collector(local_store, fetch=down)
    result = there.collect(sqs(encoded(s3("bad")).decode(), encoded(s3("good")).decode()))
    assert failed(result) == ["message-0"]
    assert counts(result) == only(stored=2)
    with pytest.raises(ConnectionError):
        there.collect(s3("bad"))


class Broken(Store):
    """A store in which writes to some paths fail."""

    def __init__(self, store: Store, where: str) -> None:
        self.__dict__.update(store.__dict__)
        self.where = where

    def put_new(self, path: str, data: bytes | memoryview) -> bool:
        if self.where in path:
            raise ConnectionError("the store is down")
        return super().put_new(path, data)


ELSEWHERE = zipped(document(event(9, extractedFields={"@aws.region": "us-east-1"})))


def test_only_records_that_are_not_durable_are_delivered_again(local_store: Store) -> None:
    there = collector(Broken(local_store, "region=us-east-1"))
    result = there.collect(kinesis(PAYLOAD, ELSEWHERE, PAYLOAD[:-9]))
    assert failed(result) == ["seq-1"]
    assert counts(result) == only(stored=2, quarantined=1)
    assert counts(collector(local_store).collect(kinesis(ELSEWHERE))) == only(stored=1)


def test_a_record_that_cannot_be_quarantined_is_delivered_again(local_store: Store) -> None:
    result = collector(Broken(local_store, "quarantine")).collect(sqs(text(PAYLOAD), "Hello"))
    assert failed(result) == ["message-1"]
    assert counts(result) == only(stored=2)


@pytest.mark.parametrize("delivered", [awslogs(PAYLOAD), firehose(PAYLOAD), sns(text(PAYLOAD)), DOCUMENT])
def test_a_trigger_that_only_repeats_as_a_whole_gets_the_error(local_store: Store, delivered: Any) -> None:
    with pytest.raises(ConnectionError):
        collector(Broken(local_store, "logs")).collect(delivered)


def test_a_record_without_a_name_makes_the_whole_batch_come_again(local_store: Store) -> None:
    unnamed = kinesis(PAYLOAD)
    del unnamed["Records"][0]["kinesis"]["sequenceNumber"]
    assert counts(collector(local_store).collect(unnamed)) == only(stored=2)
    with pytest.raises(ConnectionError):
        collector(Broken(local_store, "logs")).collect(unnamed)


def zones(region: str) -> Zone:
    return CLOSED if region.startswith("eu-") else OPEN


def locked(zone: Zone) -> bytes:
    raise KeyUnavailable("key 'env:UNUSED' cannot be read: KeyError")


def test_without_a_zone_s_key_nothing_of_the_zone_is_stored_and_the_rest_is(local_store: Store) -> None:
    mixed = zipped(document(event(5), event(6, extractedFields={"@aws.region": "us-east-1"})))
    there = collector(local_store, zone_of=zones, key_of=locked)
    result = there.collect(kinesis(PAYLOAD, ELSEWHERE, mixed, zipped(CONTROL), PAYLOAD[:-9]))
    assert failed(result) == ["seq-0", "seq-2", "seq-4"]
    assert counts(result) == only(stored=1, control=1)
    assert bodies(local_store) == ["INFO order 9 accepted"]
    assert quarantined(local_store) == []
    with pytest.raises(KeyUnavailable):
        there.collect(awslogs(PAYLOAD))


def test_a_closed_zone_lets_no_identity_out(local_store: Store) -> None:
    line = '{"level":"INFO","message":"mail to bob@example.com","user_id":"u-4711"}'
    there = collector(local_store, zone_of=zones, key_of=lambda zone: KEY)
    bad = event(2, message="bob@example.com", id=None)
    assert counts(there.collect(awslogs(zipped(document(event(1, message=line), bad))))) == only(
        stored=1, quarantined=1
    )
    assert counts(there.ingest("app.log", line.encode(), NOW).counts()) == only(stored=1)
    everything = b"".join(local_store.get(item.path) for item in local_store.list())
    for row in stored(local_store):
        assert row["user_id"] == pseudonym(KEY, "u-4711")
        assert "bob@example.com" not in str(row)
        assert "u-4711" not in str(row)
    assert b"bob@example.com" not in everything
    assert b"bob@example.com" in quarantined(local_store, KEY)[0].payload


def test_a_line_s_id_does_not_confirm_a_guess_of_the_line_in_a_closed_zone(local_store: Store) -> None:
    line = b"2026-03-01T12:00:00Z INFO bob@example.com\n"
    collector(local_store, region="us-east-1", zone_of=zones).ingest("app.log", line, NOW)
    collector(local_store, zone_of=zones, key_of=lambda zone: KEY).ingest("app.log", line, NOW)
    closed, clear = sorted(stored(local_store), key=lambda row: row["region"])
    assert closed["event_id"] == pseudonym(KEY, clear["event_id"])


def test_the_log_line_of_an_event_that_defeats_a_step_goes_to_quarantine_alone(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collector import shaper

    real = shaper.parse

    def fragile(messages: Any, *rest: Any) -> Any:
        if any("order 2 " in message for message in messages):
            raise RecursionError
        return real(messages, *rest)

    monkeypatch.setattr(shaper, "parse", fragile)
    there = collector(local_store)
    result = there.collect(awslogs(zipped(document(*map(event, range(1, 8))))))
    assert counts(result) == only(stored=6, quarantined=1)
    (rejected,) = quarantined(local_store)
    assert rejected.reason == "RecursionError while shaping the row"
    monkeypatch.undo()
    assert counts(there.replay(rejected).counts()) == only(stored=1)
    assert bodies(local_store) == [f"INFO order {number} accepted" for number in range(1, 8)]
    assert stored(local_store)[1]["event_id"] == f"{2:056d}"


def test_a_replayed_record_has_the_identity_it_would_have_had(local_store: Store) -> None:
    there = collector(local_store)
    there.collect(kinesis(b"x", zipped(document(event(1), event(2, timestamp=None)))))
    assert [there.replay(rejected).counts() for rejected in quarantined(local_store)] == [
        only(quarantined=1),
        only(quarantined=1),
    ]
    mended = quarantine.Rejected(
        "", quarantined(local_store)[0].payload.replace(b"null", str(MS + 2).encode()), {"item": "seq-1"}
    )
    there.replay(mended)
    assert counts(there.collect(kinesis(PAYLOAD))) == only(stored=2)
    commit.sweep(local_store)
    assert len(list(quarantine.entries(local_store))) == 2


def test_a_file_of_lines_is_ingested_once_however_often_and_also_when_it_has_grown(
    local_store: Store,
) -> None:
    there = collector(local_store)
    lines = b"2026-03-01T12:00:00Z INFO a\n2026-03-01T12:00:00Z INFO a\nno time\n"
    grown = lines + b"2026-03-01T12:00:01Z INFO b\n"
    assert counts(there.ingest("logs/app.log", lines, NOW).counts()) == only(stored=3)
    assert counts(there.ingest("logs/app.log", lines, NOW).counts()) == only(duplicate=3)
    assert counts(there.ingest("logs/app.log", gzip.compress(grown), NOW).counts()) == only(stored=4)
    result = commit.sweep(local_store)
    assert (result.rows, result.duplicates) == (4, 3)


def test_a_file_is_known_by_folder_and_name(local_store: Store) -> None:
    collector(local_store).ingest("/var/log/app.log.gz", gzip.compress(b"hello\n"), NOW)
    (row,) = stored(local_store)
    assert (row["log_group"], row["log_stream"]) == ("/var/log", "app.log.gz")


@pytest.mark.parametrize(
    "saved",
    [
        encoded(awslogs(PAYLOAD)),
        encoded(kinesis(PAYLOAD)),
        encoded(firehose(PAYLOAD)),
        encoded(sqs(text(PAYLOAD))),
        encoded(DOCUMENT),
        PAYLOAD,
        zipped(document(event(1)), document(event(2))),
        encoded(document(event(1))) + b"\n" + encoded(document(event(2))) + b"\n",
        text(PAYLOAD).encode(),
        b'{\n "messageType": "DATA_MESSAGE",' + encoded(DOCUMENT)[1:],
    ],
    ids=lambda saved: repr(saved[:40]),
)
def test_a_saved_event_or_document_is_recognised(local_store: Store, saved: bytes) -> None:
    assert counts(collector(local_store).ingest("saved.json", saved, NOW).counts()) == only(stored=2)
    assert bodies(local_store) == TEXTS


def test_json_lines_are_lines_even_if_they_speak_of_events(local_store: Store) -> None:
    lines = b'{"detail-type":"order","message":"a"}\n{"Records":[],"message":"b"}\n'
    assert counts(collector(local_store).ingest("app.jsonl", lines, NOW).counts()) == only(stored=2)


def test_a_truncated_file_is_quarantined_whole(local_store: Store) -> None:
    torn = gzip.compress(b"hello\n" * 1000)[:-9]
    assert counts(collector(local_store).ingest("app.log.gz", torn, NOW).counts()) == only(quarantined=1)
    (rejected,) = quarantined(local_store)
    assert rejected.payload == torn
    assert rejected.context["log_stream"] == "app.log.gz"


def test_a_file_modified_at_an_impossible_time_is_refused(local_store: Store) -> None:
    with pytest.raises(ValueError, match="modified is 1970-01-01T00:00:00"):
        collector(local_store).ingest("app.log", b"hello\n", datetime(1970, 1, 1, tzinfo=UTC))


def test_a_large_file_is_stored_in_several_segments(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collector import handler

    monkeypatch.setattr(handler, "_BYTES", 200_000)
    lines = b"".join(b"2026-03-01T12:00:00Z INFO order %d\n" % number for number in range(30_000))
    there = collector(local_store)
    assert counts(there.ingest("app.log", lines, NOW).counts()) == only(stored=30_000)
    assert len(segments(local_store)) > 1
    assert counts(there.ingest("app.log", lines, NOW).counts()) == only(duplicate=30_000)


def test_an_object_that_points_to_itself_is_unreadable(local_store: Store) -> None:
    itself = fetched(encoded(s3("x", "x")))
    assert counts(collector(local_store, fetch=itself).collect(s3("x"))) == only(quarantined=1)


def test_an_envelope_in_an_envelope_without_end_is_unreadable(local_store: Store) -> None:
    nested: Any = DOCUMENT
    for _ in range(12):
        nested = notification(encoded(nested).decode())
    assert counts(collector(local_store).collect(sqs(encoded(nested).decode()))) == only(quarantined=1)


def test_an_event_with_a_lone_surrogate_is_stored_with_its_escape(local_store: Store) -> None:
    payload = encoded(document(event(1, message="\ud800 hello")))
    assert counts(collector(local_store).collect(kinesis(payload))) == only(stored=1)
    assert bodies(local_store) == ["\\ud800 hello"]
