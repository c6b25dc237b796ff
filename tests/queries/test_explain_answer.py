"""explain() over a store: which records make one failed request, and what is read around it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from query_rows import NOON, SECOND, Row, put, record
from region_rows import deliver, event, metric

from queries import Session, connect
from store.objects import Store
from store.schema import SPANS
from store.zone import Zone, pseudonym, resolve_key

EU, US = "eu-west-1", "us-east-1"
TRACE = "6b01a8985e448a11877832191e95707a"
STACK = """Traceback (most recent call last):
  File "/var/task/orders/pricing.py", line 57, in total
    x
KeyError: 1"""
WINDOW = {"since": NOON - timedelta(hours=1), "until": NOON + timedelta(hours=1)}


def line(request: str | None, seconds: float = 0, **columns: Any) -> Row:
    return record(NOON + timedelta(seconds=seconds), request_id=request, **columns)


def raised(request: str | None, seconds: float = 0, **columns: Any) -> Row:
    """The application's record of an exception, with its stack trace."""
    told = {
        "service": "orders",
        "severity_number": 17,
        "error_type": "KeyError",
        "fingerprint": "f1",
        "attributes": [("message", "request failed"), ("exception.stacktrace", STACK)],
    }
    return line(request, seconds, **told | columns)


def answered(status: int, request: str, seconds: float = 0, **columns: Any) -> Row:
    told = {"service": "shop", "http_status": status, "log_group": "/aws/apigateway/shop", "fingerprint": "a"}
    return line(request, seconds, **told | columns)


def operation(op: str, version: str, region: str, request: str, seconds: float, **columns: Any) -> Row:
    noted = {"store": "sessions", "op": op, "key_hash": "k", "version": version, "served_by": region}
    told = {"duration_ms": 4.0, "attributes": list(noted.items())}
    return line(request, seconds, region=region, **told | columns)


def span(name: str, parent: str | None = None, **columns: Any) -> Row:
    told = {"region": EU, "kind": "SERVER", "status_code": "ERROR", "duration_ms": 10.0, "attributes": []}
    return {
        "time": NOON,
        "trace_id": TRACE,
        "span_id": name,
        "parent_span_id": parent,
        "name": name,
        **told,
        **columns,
    }


@pytest.fixture
def session(module_store: Store, eu: Zone) -> Iterator[Session]:
    with connect(module_store, zones=[eu]) as opened:
        yield opened


def explained(session: Session, *arguments: Any, **named: Any) -> list[Row]:
    found = session.explain(*arguments, **named)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module", autouse=True)
def told(module_store: Store, eu: Zone) -> None:
    """Two users' failed requests, one of them by way of two regions and under a pseudonym."""
    alice = pseudonym(resolve_key(eu.key or ""), "alice")
    put(
        module_store,
        # bob's request: the API's line, the function's, and what the runtime says, which names no request
        answered(502, "api-1", user_id="bob", trace_id=TRACE),
        raised("function-1", user_id="bob", log_stream="one"),
        raised(None, 0.2, log_stream="one"),
        line("function-1", log_stream="one", trace_id=TRACE),
        # alice's: she wrote in us-east-1 and read in eu-west-1 half a second later
        operation("write", "1@us-east-1", US, "w", 60, user_id="alice"),
        operation("read", "none", EU, "function-2", 60.5, user_id=alice),
        raised("function-2", 60.51, user_id=alice, http_status=None),
        answered(404, "function-2", 60.52, user_id=alice),
        # nobody's: the same request in the log of the edge and in that of the load balancer
        answered(503, "edge-id", 120, trace_id=None, region=US, attributes=[("url.path", "/download/f")]),
        answered(503, "origin-id", 120.4, trace_id="f" * 32, attributes=[("url.path", "/download/f")]),
        # carol's: only spans know that the line of the API and that of the function are of one trace
        answered(404, "api-3", 180, user_id="carol"),
        raised("function-3", 180, user_id="carol", trace_id="c" * 32),
        # no errors
        answered(200, "api-9", 1, user_id="bob"),
        answered(404, "api-8", 2, user_id="bob"),
    )
    deliver(
        module_store,
        SPANS,
        [
            span("api", service="shop/prod", request_id="api-1", http_status=502),
            span("function", "api", service="shop-orders", request_id="function-1"),
            span("front", trace_id="c" * 32, time=NOON + 180 * SECOND, request_id="api-3"),
        ],
    )
    event(
        module_store,
        "deployment",
        NOON - 60 * SECOND,
        subject="shop-orders",
        state="SUCCESS",
        title="Deployed.",
    )
    metric(
        module_store,
        "AWS/Lambda/Throttles",
        3.0,
        at=NOON + 120 * SECOND,
        layer="compute",
        resource="shop-files",
    )


def test_all_records_of_a_request_make_one_error(session: Session) -> None:
    (row,) = explained(session, user="bob")

    assert row["reason"] == "code"
    assert row["http_status"] == 502
    assert row["message"] == "1"
    assert "orders/pricing.py line 57" in row["sentence"]
    assert [reason["name"] for reason in row["reasons"]] == ["code", "deployment"]
    assert row["reasons"][1]["evidence"][0]["says"] == "Deployed."


@pytest.mark.parametrize("id", ["api-1", "function-1", TRACE, "1-6b01a898-5e448a11877832191e95707a"])
def test_an_error_is_found_by_each_of_its_ids(session: Session, id: str) -> None:
    (row,) = explained(session, id)

    assert row["trace_id"] == TRACE
    assert row["error_type"] == "KeyError"


def test_an_error_is_found_by_an_id_that_only_its_spans_name(session: Session) -> None:
    (row,) = explained(session, "api-3")

    assert row["request_id"] == "function-3"


def test_a_user_is_found_under_the_pseudonym_with_what_they_did_elsewhere(session: Session) -> None:
    (row,) = explained(session, user="alice")

    assert row["reason"] == "stale_read"
    assert row["region"] == EU
    assert {one["region"] for one in row["reasons"][0]["evidence"]} == {EU, US}
    assert "alice" not in str([reason["sentence"] for reason in row["reasons"]])


def test_by_its_id_alone_the_write_of_another_region_is_found_too(session: Session) -> None:
    (row,) = explained(session, "function-2")

    assert row["reason"] == "stale_read"


def test_every_failed_request_of_a_window_is_there_once(session: Session) -> None:
    rows = explained(session, **WINDOW)

    assert [row["request_id"] for row in rows] == ["function-1", "function-2", "origin-id", "function-3"]
    assert rows[2]["reason"] == "throttling"


def test_evidence_names_rows_that_are_in_the_store(session: Session) -> None:
    ids = {
        one["id"]
        for row in explained(session, **WINDOW)
        for reason in row["reasons"]
        for one in reason["evidence"]
    }

    known = """select event_id from logs union select span_id from spans
        union select event_id from events union select series from metrics"""
    assert ids
    assert ids <= {id for (id,) in session.sql(known).fetchall()}


def test_it_can_be_asked_in_sql(session: Session) -> None:
    (found,) = session.sql("select reason from explain(id := 'api-1')").fetchall()

    assert found == ("code",)


def test_what_is_not_there_has_no_reasons(session: Session) -> None:
    assert explained(session, "unknown") == []
    assert explained(session, user="nobody") == []
    assert explained(session) == []


def test_hostile_records_are_explained_like_others(session: Session, module_store: Store) -> None:
    late = 3 * 3600
    put(
        module_store,
        raised("h-1", late, attributes=None, body="\x00" * 10, error_type="\x1b[31m"),
        raised("h-2", late, attributes=[("exception.stacktrace", None)], service=None, fingerprint=None),
        raised("h-3", late, error_type="(((", attributes=[("exception.message", "x" * 100_000)]),
        operation("read", "@", EU, "h-3", late),
        operation("write", "9" * 5_000, US, "h-4", late - 1),
    )

    rows = explained(session, since=NOON + timedelta(hours=2), until=NOON + timedelta(hours=5))

    assert {row["reason"] for row in rows} == {"code"}
    assert len(rows) == 3
