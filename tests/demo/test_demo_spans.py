"""The traces of the shop: whole trees, in the clocks of their regions, in the formats of AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from demo.account import Account
from demo.clocks import OFFSETS, Clocks
from demo.otel_spans import record
from demo.regions import NAMES, WRITER
from demo.requests import Request
from demo.spans import WRITER_SERVICE, Span, spans
from demo.xray_documents import SLOW, documents


@pytest.fixture(scope="session")
def trees(short_story: list[Request]) -> list[list[Span]]:
    return [list(spans(request)) for request in short_story]


def nested(segment: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield segment
    for part in segment.get("subsegments", ()):
        yield from nested(part)


def test_every_request_is_one_tree_of_spans_with_ids_of_their_own(trees: list[list[Span]]) -> None:
    for tree in trees:
        ids = {span.id for span in tree}
        assert len(ids) == len(tree)
        assert [span.parent for span in tree if span.parent not in ids] == [None]


def test_by_the_true_time_no_span_leaves_its_parent(trees: list[list[Span]]) -> None:
    for tree in trees:
        by_id = {span.id: span for span in tree}
        for span in tree:
            assert span.start <= span.end
            if span.parent:
                parent = by_id[span.parent]
                assert parent.start <= span.start
                assert span.end <= parent.end


def test_a_write_from_afar_has_a_span_in_the_region_of_the_writer(trees: list[list[Span]]) -> None:
    served = [(tree, span) for tree in trees for span in tree if span.service == WRITER_SERVICE]

    assert {span.request.region for _, span in served} == set(NAMES) - {WRITER}
    for tree, span in served:
        assert span.region == WRITER
        (caller,) = (one for one in tree if one.id == span.parent)
        assert (caller.kind, caller.region) == ("CLIENT", span.request.region)


def test_the_clocks_of_the_regions_are_off_by_what_the_truth_says(trees: list[list[Span]]) -> None:
    for tree in trees[:500]:
        by_id = {span.id: span for span in tree}
        for document in documents(tree, Clocks()):
            for part in nested(json.loads(document.json)):
                span = by_id[part["id"]]
                assert part["start_time"] == pytest.approx(span.start + OFFSETS[span.region], abs=1e-5)


def test_documents_hold_every_span_once_when_complete(trees: list[list[Span]]) -> None:
    for tree in trees:
        parts = [part for one in documents(tree, Clocks()) for part in nested(json.loads(one.json))]
        complete = [part["id"] for part in parts if not part.get("in_progress")]
        assert sorted(complete) == sorted(span.id for span in tree)


def test_what_takes_long_is_first_told_in_progress(trees: list[list[Span]]) -> None:
    slow = [span for tree in trees for span in tree if span.origin and span.end - span.start > SLOW]
    early = [
        json.loads(one.json)
        for tree in trees
        for one in documents(tree, Clocks())
        if json.loads(one.json).get("in_progress")
    ]

    assert early
    assert sorted(one["id"] for one in early) == sorted(span.id for span in slow)
    assert all("end_time" not in one for one in early)


def test_a_failure_is_told_where_it_happened_with_its_cause(trees: list[list[Span]]) -> None:
    failed = [tree for tree in trees if tree[0].request.failed]
    assert failed
    for tree in failed:
        causes = [
            exception["type"]
            for one in documents(tree, Clocks())
            for part in nested(json.loads(one.json))
            for exception in part.get("cause", {}).get("exceptions", ())
        ]
        assert tree[0].request.failure
        assert set(causes) == {tree[0].request.failure.error_type}


def test_a_span_of_transaction_search_says_what_the_segment_says(trees: list[list[Span]]) -> None:
    for tree in trees[:500]:
        for span in tree:
            told = json.loads(record(span, Clocks()))
            assert told["traceId"] == span.request.trace_id[2:].replace("-", "")
            assert (told["spanId"], told.get("parentSpanId")) == (span.id, span.parent)
            assert told["endTimeUnixNano"] - told["startTimeUnixNano"] == told["durationNano"]
            assert (told["status"]["code"] == "ERROR") == span.faulty


def test_the_account_has_the_documents_of_the_regions_without_transaction_search(
    account: Account, delivered: object
) -> None:
    assert set(account.traces) == {"eu-west-1", "us-east-1"}
