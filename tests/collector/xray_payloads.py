"""X-Ray segments and spans of aws/spans, made by hand, and the spans that ended up in a store."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
from collector_payloads import Json

from queries import connect
from store.commit import sweep
from store.layout import data_file
from store.objects import Store

START = 1_772_366_400.25  # 2026-03-01T12:00:00.25Z
NANOS = 1_772_366_400_250_000_000


def xray_id(number: int, start: float = START) -> str:
    """The id of the trace of that number, as X-Ray writes it."""
    return f"1-{int(start):08x}-{number:024x}"


def hex_id(number: int, start: float = START) -> str:
    """The same as W3C writes it."""
    return f"{int(start):08x}{number:024x}"


def id_of(number: int) -> str:
    return f"{number:016x}"


def part(number: int, **fields: Any) -> Json:
    """The subsegment of that number."""
    return {
        "id": id_of(number),
        "name": f"part-{number}",
        "start_time": START,
        "end_time": START + 0.5,
    } | fields


def segment(number: int = 1, **fields: Any) -> Json:
    """The segment of the trace of that number."""
    return part(number, name="checkout", trace_id=xray_id(number)) | fields


def span(number: int = 1, **fields: Any) -> Json:
    """The span of that number, as Transaction Search writes it."""
    return {
        "resource": {"attributes": {"service.name": "checkout", "cloud.region": "eu-west-1"}},
        "scope": {"name": "instrumentation", "version": "1"},
        "traceId": hex_id(number),
        "spanId": id_of(number),
        "flags": 256,
        "name": "POST /orders",
        "kind": "SERVER",
        "startTimeUnixNano": NANOS,
        "endTimeUnixNano": NANOS + 500_000_000,
        "durationNano": 500_000_000,
        "attributes": {"http.response.status_code": 200},
        "status": {"code": "UNSET"},
    } | fields


def batch(*traces: list[Json], **fields: Any) -> Json:
    """What BatchGetTraces answers: traces, each a list of segments."""
    listed = [
        {
            "Id": trace[0]["trace_id"],
            "Segments": [{"Id": top["id"], "Document": json.dumps(top)} for top in trace],
        }
        for trace in traces
    ]
    return {"Traces": listed, "UnprocessedTraceIds": []} | fields


def rows_of(store: Store, table: str) -> list[Json]:
    """The rows of a table that lie in segments, with region and day from their paths, in order of time."""
    found = []
    for item in store.list(table):
        if file := data_file(item.path):
            place = {"region": file.region, "day": file.day}
            rows = pq.read_table(io.BytesIO(store.get(item.path))).to_pylist()
            found += [row | place | {"attributes": dict(row["attributes"] or ())} for row in rows]
    return sorted(found, key=lambda row: (row["time"], row.get("span_id") or ""))


def spans(store: Store) -> list[Json]:
    return rows_of(store, "spans")


def committed(store: Store) -> list[Json]:
    """The rows of the table `spans` once everything is committed, in order of place, trace and span."""
    assert not sweep(store).failed
    with connect(store) as session:
        relation = session.sql("from spans order by region, trace_id, span_id")
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
