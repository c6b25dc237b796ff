"""Every real payload of ../shared/samples gives what its MANIFEST expects, through the public entries."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from collector_payloads import (
    NOW,
    Json,
    awslogs,
    collector,
    counts,
    firehose,
    kinesis,
    only,
    quarantined,
    sqs,
    stored,
    text,
)
from events_payloads import rows

from collector.envelope import Reference
from store.objects import Store, open_store

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"


@dataclass(frozen=True)
class Sample:
    """One line of the MANIFEST."""

    path: Path
    kind: str
    expected: str

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()

    @property
    def event(self) -> Any:
        return json.loads(self.data)

    def number(self, pattern: str) -> int:
        """The number before or after the words, as the MANIFEST has it."""
        match = re.search(pattern, self.expected)
        assert match, f"{self.path.name}: no {pattern} in {self.expected!r}"
        return int(match[1])


def manifest() -> Iterator[Sample]:
    folder = SAMPLES
    if not SAMPLES.is_dir():
        return
    for line in (SAMPLES / "MANIFEST.md").read_text().splitlines():
        if heading := re.match(r"## (\S+?)/(\S+) @", line):
            folder = SAMPLES / f"{heading[1]}__{heading[2]}"
        elif cells := re.match(r"\| (\S+) \| \d+ \| (.+?) \| (.+) \|$", line):
            yield Sample(folder / cells[1], cells[2], cells[3])


def samples(kind: str) -> pytest.MarkDecorator:
    """One test per sample whose kind matches, or one that is skipped."""
    found = [
        pytest.param(sample, id="/".join(sample.path.parts[-2:]))
        for sample in manifest()
        if re.match(kind, sample.kind)
    ]
    if not SAMPLES.is_dir():
        skip = pytest.mark.skip(reason="the folder ../shared/samples is absent")
        found = [pytest.param(None, marks=skip, id="absent")]
    return pytest.mark.parametrize("sample", found)


DOCUMENT = "decoded CloudWatch Logs|Lambda CloudWatch Logs|concatenated CloudWatch Logs"


def log_events(sample: Sample) -> int:
    if sample.expected.startswith("CONTROL_MESSAGE"):
        return 0
    return sample.number(r"events[= ](\d+)")


ENTRIES: dict[str, Callable[[bytes], Json]] = {
    "lambda": lambda payload: awslogs(gzip.compress(payload)),
    "kinesis": lambda payload: kinesis(gzip.compress(payload)),
    "firehose": lambda payload: firehose(payload),
    "sqs": lambda payload: sqs(text(gzip.compress(payload))),
}


@samples(DOCUMENT)
def test_a_log_document_gives_its_rows_as_a_file(memory: Store, sample: Sample) -> None:
    found = counts(collector(memory).ingest(sample.path.name, sample.data, NOW).counts())
    assert (found["stored"], found["quarantined"]) == (log_events(sample), 0)
    assert found["control"] == sample.expected.startswith("CONTROL_MESSAGE")
    assert len(stored(memory)) == log_events(sample)


@samples(DOCUMENT)
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_log_document_gives_its_rows_through_every_trigger(
    memory: Store, sample: Sample, entry: str
) -> None:
    there = collector(memory)
    if sample.kind.startswith("Lambda"):
        assert counts(there.collect(sample.event))["stored"] == log_events(sample)
    found = counts(there.collect(ENTRIES[entry](sample.data)))
    assert found["stored"] + found["duplicate"] == log_events(sample)
    assert len(stored(memory)) == log_events(sample)


@samples("decoded CloudWatch Logs|Lambda CloudWatch Logs")
def test_the_rows_of_a_log_document_say_where_and_when(memory: Store, sample: Sample) -> None:
    collector(memory).ingest(sample.path.name, sample.data, NOW)
    rows = stored(memory)
    if not rows:
        assert sample.expected.startswith("CONTROL_MESSAGE")
        return
    facts = dict(re.findall(r"(\w+)=(\S+?)(?:;|\s|$)", sample.expected))
    assert {row["log_group"] for row in rows} == {facts["group"]}
    first, last = (datetime.fromtimestamp(int(ms) / 1000, UTC) for ms in facts["ts"].split(".."))
    assert (rows[0]["time"], rows[-1]["time"]) == (first, last)
    if "extractedFields" in sample.expected:
        assert [(row["account_id"], row["region"]) for row in rows] == [
            ("111111111111", "us-east-1"),
            ("222222222222", "us-west-2"),
        ]
    else:
        assert {row["account_id"] for row in rows} == {facts["owner"]}
        assert {row["region"] for row in rows} == {"eu-west-1"}


@samples("decoded CloudWatch Logs")
def test_reports_are_request_rows_with_their_trace(memory: Store, sample: Sample) -> None:
    collector(memory).ingest(sample.path.name, sample.data, NOW)
    reports = [row for row in stored(memory) if row["body"].startswith("REPORT")]
    assert len(reports) == (sample.number(r"(\d+) REPORT") if "REPORT" in sample.expected else 0)
    assert all(row["request_id"] and row["duration_ms"] for row in reports)
    traced = [row for row in reports if "XRAY TraceId" in row["body"]]
    assert len(traced) == (sample.number(r"(\d+) with XRAY") if "XRAY" in sample.expected else 0)
    assert all(len(row["trace_id"]) == 32 for row in traced)


@samples("decoded CloudWatch Logs")
def test_messages_are_kept_byte_for_byte(memory: Store, sample: Sample) -> None:
    collector(memory).ingest(sample.path.name, sample.data, NOW)
    messages = {event["id"]: event["message"] for event in sample.event["logEvents"]}
    rows = stored(memory)
    assert len(rows) == log_events(sample)
    for row in rows:
        message = messages[row["event_id"]]
        assert row["body"] == message if isinstance(message, str) else json.loads(row["body"]) == message


@samples("Kinesis ESM event")
def test_a_kinesis_batch_stores_its_logs_and_blocks_no_shard(memory: Store, sample: Sample) -> None:
    result = collector(memory).collect(sample.event)
    assert result["batchItemFailures"] == []
    assert counts(result)["stored"] == len(stored(memory)) == sample.number(r"(\d+) log events")
    if not stored(memory):
        assert counts(result) == only(quarantined=sample.number(r"(\d+) records"))


@samples("Firehose transformation event")
def test_a_firehose_hears_of_each_of_its_records(memory: Store, sample: Sample) -> None:
    result = collector(memory).collect(sample.event)
    assert [record["recordId"] for record in result["records"]] == [
        record["recordId"] for record in sample.event["records"]
    ]
    assert len(result["records"]) == sample.number(r"(\d+) records")
    assert {record["result"] for record in result["records"]} <= {"Ok", "Dropped", "ProcessingFailed"}
    found = counts(result)
    # The MANIFEST counts the control message of one sample as a log event; a control message is no row.
    assert found["stored"] + found["control"] == sample.number(r"log events (\d+)")
    if not found["stored"]:
        assert {record["result"] for record in result["records"]} == {"ProcessingFailed"}


@samples("S3 notification|EventBridge Object")
def test_a_notification_of_a_new_object_fetches_it_and_any_other_is_a_control(
    memory: Store, sample: Sample
) -> None:
    asked: list[Reference] = []

    def fetch(reference: Reference) -> bytes:
        asked.append(reference)
        return b"2026-03-01T12:00:00Z INFO hello\n"

    result = collector(memory, fetch=fetch).collect(sample.event)
    if re.search(r"ObjectCreated|Created", sample.expected + sample.kind):
        assert counts(result) == only(stored=1)
        (reference,) = asked
        raw = sample.event
        raw = raw["Records"][0]["s3"] if "Records" in raw else raw["detail"]
        assert reference.bucket == raw["bucket"]["name"]
        assert reference.key == raw["object"]["key"].replace("%20", " ")
    elif "Replication" in sample.expected:
        assert counts(result) == only(stored=1)
        (row,) = rows(memory)
        assert row["kind"] == "replication_failure"
        assert row["attributes"]["aws.s3.key"] == "replication-test.png"
    else:
        assert counts(result) == only(control=1)
        assert asked == []


@samples("SQS ESM event|SNS event")
def test_messages_that_are_no_logs_are_quarantined_and_those_that_point_to_logs_followed(
    memory: Store, sample: Sample
) -> None:
    result = collector(memory, fetch=lambda reference: b"INFO hello\n").collect(sample.event)
    assert result.get("batchItemFailures", []) == []
    number = sample.number(r"^(\d+)")
    readable = sample.path.name.startswith("s3") or "alarm=True" in sample.expected
    assert counts(result) == (only(stored=number) if readable else only(quarantined=number))


@samples("CloudWatch alarm|SNS event")
def test_an_alarm_is_a_row_in_any_of_its_shapes(memory: Store, sample: Sample) -> None:
    collector(memory).collect(sample.event)
    if "alarm=False" in sample.expected:
        assert rows(memory) == []
        return
    (row,) = rows(memory)
    assert row["kind"] == "alarm"
    if "alarm=True" in sample.expected:
        assert (row["subject"], row["state"]) == ("EXAMPLE", "ALARM")
        return
    match = re.fullmatch(r"(\w+)->(\w+) (.+) region=(\S+)", sample.expected)
    assert match
    before, *told = match.groups()
    assert [row["state"], row["subject"], row["region"]] == told
    assert row["title"] == f"Alarm {row['subject']} went from {before} to {row['state']}."


@samples("EventBridge (AWS Health|EC2)")
def test_an_event_of_eventbridge_is_a_row_about_its_region(memory: Store, sample: Sample) -> None:
    assert counts(collector(memory).collect(sample.event)) == only(stored=1)
    (row,) = rows(memory)
    facts = dict(re.findall(r"(\w+)=(\S+)", sample.expected))
    assert row["attributes"]["aws.event.id"] == facts["id"]
    assert row["region"] == facts["region"]
    if "Health" in sample.kind:
        assert row["kind"] == "aws_health"
        assert facts["code"] in row["title"]
    else:
        assert (row["subject"], row["state"]) == ("i-1234567890abcdef0", "terminated")
        assert row["time"] == datetime.fromisoformat(facts["time"])


@samples("EventBridge Scheduled")
def test_a_scheduled_event_is_a_control(memory: Store, sample: Sample) -> None:
    assert counts(collector(memory).collect(sample.event)) == only(control=1)


ACCESS = "ALB access log|CloudFront|CloudTrail|gz log|NLB|VPC flow|WAF"


@samples(ACCESS)
def test_an_object_of_logs_gives_a_row_per_line(memory: Store, sample: Sample) -> None:
    number = sample.number(r"^(\d+)")
    as_file = counts(collector(memory).ingest(sample.path.name, sample.data, NOW).counts())
    assert as_file == only(stored=number)
    elsewhere = open_store("memory://")
    fetching = collector(elsewhere, fetch=lambda reference: sample.data)
    notice = {
        "detail-type": "Object Created",
        "source": "aws.s3",
        "region": "eu-west-1",
        "time": "2026-03-01T12:00:00Z",
        "detail": {"bucket": {"name": "logs"}, "object": {"key": sample.path.name}},
    }
    assert counts(fetching.collect(notice)) == only(stored=number)
    bodies = [Counter(row["body"] for row in stored(store)) for store in (memory, elsewhere)]
    assert bodies[0] == bodies[1]


@samples("ALB access log|CloudFront")
def test_an_access_log_s_statuses_are_a_column(memory: Store, sample: Sample) -> None:
    collector(memory).ingest(sample.path.name, sample.data, NOW)
    expected = {
        int(status): int(number) for status, number in re.findall(r"\('(\d+)', (\d+)\)", sample.expected)
    }
    found = Counter(row["http_status"] for row in stored(memory))
    assert found == (expected or {200: 2})


@samples("FilterLogEvents event|OTLP/JSON logs")
def test_a_single_record_is_a_row(memory: Store, sample: Sample) -> None:
    assert counts(collector(memory).ingest(sample.path.name, sample.data, NOW).counts()) == only(stored=1)


@samples("ELB test object")
def test_the_test_object_of_a_load_balancer_is_a_control(memory: Store, sample: Sample) -> None:
    assert counts(collector(memory).ingest(sample.path.name, sample.data, NOW).counts()) == only(control=1)


@samples("text sample")
def test_a_text_file_gives_its_lines_in_full(memory: Store, sample: Sample) -> None:
    collector(memory).ingest(sample.path.name, sample.data, NOW)
    rows = stored(memory)
    written = "".join(sorted(sample.data.decode().split()))
    assert "".join(sorted("\n".join(row["body"] for row in rows).split())) == written
    if sample.path.name == "s3accesslog.log":
        assert len(rows) == sample.number(r"^(\d+) lines")


@samples("")
def test_no_sample_is_too_much_for_any_entry(memory: Store, sample: Sample) -> None:
    there = collector(memory, fetch=lambda reference: sample.data)
    deliveries = [awslogs(sample.data), kinesis(sample.data), firehose(sample.data), sqs(text(sample.data))]
    with suppress(ValueError):  # not all of them are JSON
        deliveries.append(sample.event)
    total = sum(counts(there.collect(delivered))["quarantined"] for delivered in deliveries)
    counts(there.ingest(sample.path.name, sample.data, NOW).counts())
    assert bool(total) == bool(quarantined(memory))
