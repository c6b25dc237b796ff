"""However payloads are delivered, the table holds the same rows as if each had come once."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from collector_payloads import (
    MS,
    NOW,
    Json,
    awslogs,
    batches,
    collector,
    counts,
    document,
    encoded,
    event,
    firehose,
    kinesis,
    notification,
    sns,
    sqs,
    text,
    zipped,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from store import commit, quarantine, tables
from store.objects import Store, open_store
from store.schema import LOGS

REGIONS = [None, "us-east-1", "ap-southeast-1"]
HOURS = 3_600_000


def numbered(number: int) -> Json:
    """The log event of that number, in one of three regions and on one of two days."""
    region = REGIONS[number % 3]
    fields = {"@aws.region": region, "@aws.account": "111111111111"}
    extracted = {"extractedFields": fields} if region else {}
    return event(number, timestamp=MS + number * 2 * HOURS, **extracted)


Documents = list[Json]

# Events overlap, as when CloudWatch delivers some of them again in another document.
DOCUMENTS = st.lists(
    st.builds(
        lambda stream, numbers: document(*map(numbered, numbers), logStream=stream),
        st.sampled_from(["a", "b"]),
        st.lists(st.integers(0, 11), min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=5,
)

TRANSPORTS: dict[str, Callable[[Sequence[bytes]], list[Json]]] = {
    "lambda": lambda payloads: [awslogs(payload) for payload in payloads],
    "kinesis": lambda payloads: [kinesis(*payloads)],
    "firehose": lambda payloads: [firehose(*payloads)],
    "sqs": lambda payloads: [sqs(*map(text, payloads))],
    "sns": lambda payloads: [sns(*map(text, payloads))],
    "sns in sqs": lambda payloads: [
        sqs(*(encoded(notification(text(payload))).decode() for payload in payloads))
    ],
}


def committed(store: Store) -> list[Json]:
    """The rows of the table, without when they were collected."""
    commit.sweep(store)
    rows = []
    for file in tables.snapshot(store, LOGS).active.values():
        place = {"region": file.region, "day": file.day}
        for row in pq.read_table(io.BytesIO(store.get(f"{LOGS.name}/{file.name}"))).to_pylist():
            del row["observed_time"]
            rows.append(row | place)
    return sorted(rows, key=lambda row: (row["region"], row["log_stream"], row["event_id"]))


def new_store(folder: str) -> Store:
    store = open_store(folder)
    tables.ensure(store)
    return store


def delivered(folder: str, deliveries: Sequence[Json]) -> list[Json]:
    store = new_store(folder)
    there = collector(store)
    for delivery in deliveries:
        counts(there.collect(delivery))
    return committed(store)


@settings(max_examples=12, deadline=None)
@given(DOCUMENTS, st.data())
def test_twice_in_another_order_and_other_batches_gives_the_same_rows_as_once(
    documents: Documents, data: st.DataObject
) -> None:
    payloads = [zipped(document) for document in documents]
    order = data.draw(st.permutations(payloads * 2))
    sizes = data.draw(st.lists(st.integers(1, 4), max_size=6))
    deliveries = [
        delivery
        for batch in batches(order, sizes)
        for delivery in TRANSPORTS[data.draw(st.sampled_from(sorted(TRANSPORTS)))](batch)
    ]
    with TemporaryDirectory() as folder:
        once = delivered(f"{folder}/once", [kinesis(*payloads)])
        assert delivered(f"{folder}/often", deliveries) == once
        distinct = {(one["logStream"], entry["id"]) for one in documents for entry in one["logEvents"]}
        assert len(once) == len(distinct)


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.sampled_from(["INFO a", "INFO b", "ERROR c {}"]), min_size=1, max_size=12),
    st.lists(st.integers(0, 12), max_size=4),
)
def test_a_file_ingested_while_it_grows_gives_the_same_rows_as_once(
    lines: list[str], lengths: list[int]
) -> None:
    content = [f"2026-03-01T12:00:00Z {line}\n".encode() for line in lines]
    with TemporaryDirectory() as folder:
        once, often = new_store(f"{folder}/once"), new_store(f"{folder}/often")
        collector(once).ingest("app.log", b"".join(content), NOW)
        for length in (*lengths, len(content), len(content)):
            collector(often).ingest("app.log", b"".join(content[:length]), NOW)
        assert committed(often) == committed(once)
        assert len(committed(once)) == len(lines)


CHILD = """
import os, sys
sys.path.insert(0, sys.argv[1])
from collector_payloads import collector
from store.objects import Store, open_store
from test_collector_properties import DELIVERY

real, left = Store.put_new, int(sys.argv[3])

def put_new(self, path, data):
    global left
    left -= 1
    if left < 0 and sys.argv[4] == "before":
        os._exit(9)
    done = real(self, path, data)
    if left < 0:
        os._exit(9)
    return done

Store.put_new = put_new
collector(open_store(sys.argv[2])).collect(DELIVERY)
"""

# Rows in three regions on two days, and one record for the quarantine: seven objects.
DELIVERY = kinesis(zipped(document(*map(numbered, range(9)))), b"no log", zipped(document(numbered(9))))


@pytest.mark.parametrize(("puts", "moment"), [(0, "before"), (0, "after"), (3, "before"), (6, "after")])
def test_a_process_killed_at_a_put_and_run_again_loses_nothing_and_doubles_nothing(
    tmp_path: Path, puts: int, moment: str
) -> None:
    once = delivered(str(tmp_path / "once"), [DELIVERY])
    store = new_store(str(tmp_path / "killed"))
    command = [sys.executable, "-c", CHILD, str(Path(__file__).parent), store.uri, str(puts), moment]
    assert subprocess.run(command, check=False).returncode == 9
    commit.sweep(store)
    there = collector(store)
    first, second = (counts(there.collect(DELIVERY)) for _ in range(2))
    assert first["received"] == second["received"] == 11
    assert (second["stored"], second["duplicate"]) == (0, 10)
    assert committed(store) == once
    assert len(once) == 10
    assert len(list(quarantine.entries(store))) == 1


def test_replaying_what_is_readable_gives_the_rows_of_the_first_time(local_store: Store) -> None:
    rejected = [
        quarantine.Rejected("", payload, context)
        for payload, context in (
            (zipped(document(numbered(1), numbered(2))), {"item": "seq-0", "arrived": str(MS * 1000)}),
            (b"INFO hello\n", {"log_group": "logs", "log_stream": "app.log", "arrived": str(MS * 1000)}),
        )
    ]
    there = collector(local_store)
    there.collect(kinesis(rejected[0].payload))
    there.ingest("logs/app.log", rejected[1].payload, NOW)
    before: list[Any] = committed(local_store)
    for one in rejected:
        assert there.replay(one).stored + there.replay(one).duplicate > 0
    assert committed(local_store) == before
    assert len(before) == 3
