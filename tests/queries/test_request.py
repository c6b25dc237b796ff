"""Requests and traces, by every form of their ids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from query_rows import DAY, NOON, SECOND, bodies, put, put_compacted, record

from queries import Session, connect
from store.objects import Store

TRACE = "5759e988bd862e3fe1be46a994272793"


@pytest.fixture(scope="module")
def session(module_store: Store) -> Iterator[Session]:
    put(
        module_store,
        record(NOON, "eu-west-1", trace_id=TRACE, body="first"),
        record(NOON + SECOND, "us-east-1", trace_id=TRACE, body="second"),
        record(NOON, trace_id="f" * 32, body="another trace"),
        record(NOON, body="no trace"),
    )
    with connect(module_store) as opened:
        yield opened


@pytest.mark.parametrize(
    "form",
    [
        TRACE,
        TRACE.upper(),
        f" {TRACE} ",
        "1-5759e988-bd862e3fe1be46a994272793",
        "1-5759E988-BD862E3FE1BE46A994272793",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        "Self=1-67891234-12456789abcdef012345678a;Root=1-5759e988-bd862e3fe1be46a994272793",
        f"00-{TRACE}-53995c3f42cd8ad8-01",
    ],
)
def test_a_trace_is_found_by_its_id_in_any_form(session: Session, form: str) -> None:
    assert bodies(session.request(form)) == ["first", "second"]


@pytest.mark.parametrize(
    "text", ["", "-", "1-5759e988", TRACE[:-1], f"{TRACE}0", f"0{TRACE}", "g" * 32, "Root=", "root=1-;"]
)
def test_what_is_no_trace_id_finds_no_trace(session: Session, text: str) -> None:
    assert bodies(session.request(text)) == []


IDS = {
    "lambda": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "gateway": "JKJaXmPLvHcESHA=",
    "hex": "0123456789abcdef0123456789abcdef",
    "upper": "9MRQ8XK3V7EJ2Q5A",
}


def test_a_request_is_found_with_the_rest_of_its_trace(store: Store) -> None:
    for n, (name, id) in enumerate(IDS.items()):
        trace = f"{n:032x}"
        put(
            store,
            record(NOON, "eu-west-1", request_id=id, body=f"{name}: no trace yet"),
            record(NOON + SECOND, "eu-west-1", request_id=id, trace_id=trace, body=f"{name}: traced"),
            record(
                NOON + 2 * SECOND, "us-east-1", request_id="r", trace_id=trace, body=f"{name}: same trace"
            ),
        )
    put_compacted(store, record(NOON + DAY, request_id="unrelated", trace_id="f" * 32))
    with connect(store) as session:
        for name, id in IDS.items():
            found = [f"{name}: no trace yet", f"{name}: traced", f"{name}: same trace"]
            assert bodies(session.request(id)) == found
            assert bodies(session.request(id, since=NOON + SECOND)) == found[1:]
        assert len(bodies(session.request(IDS["lambda"].upper()))) == 3
        assert bodies(session.request(IDS["gateway"].lower())) == []


def test_a_request_without_any_trace_is_found_in_all_its_regions_and_days(store: Store) -> None:
    id = IDS["upper"]
    put_compacted(
        store,
        record(NOON, "eu-west-1", request_id=id, body="first"),
        record(NOON + SECOND, "us-east-1", request_id=id, body="second"),
        record(NOON + DAY, "eu-west-1", request_id=id.lower(), body="in lower case"),
        record(NOON + DAY, "us-east-1", request_id=id, body="fourth"),
        record(NOON + DAY, "us-east-1", request_id="another", body="another request"),
        record(NOON + DAY, "us-east-1", body="no request"),
    )
    with connect(store) as session:
        assert bodies(session.request(id)) == ["first", "second", "in lower case", "fourth"]
        assert bodies(session.request(id.lower())) == ["in lower case"]
        assert bodies(session.request(id, since=NOON + SECOND, until=NOON + DAY)) == ["second"]


def test_the_rest_of_a_trace_is_found_in_other_regions_and_days_than_its_request(store: Store) -> None:
    put_compacted(
        store,
        record(NOON, "eu-west-1", request_id="r-1", trace_id=TRACE, body="asked for"),
        record(NOON + SECOND, "us-east-1", request_id="r-2", trace_id=TRACE, body="another region"),
        record(NOON + DAY, "ap-southeast-1", trace_id=TRACE, body="the next day"),
        record(NOON + DAY, "ap-southeast-1", trace_id="f" * 32, body="another trace"),
    )
    with connect(store) as session:
        assert bodies(session.request("r-1")) == ["asked for", "another region", "the next day"]
