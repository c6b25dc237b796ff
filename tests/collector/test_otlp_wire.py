"""The wire format as the protobuf library reads it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.otlp.wire import FIXED64, LENGTH, VARINT, Messages, fields

_NAMES = st.text(max_size=300)
_SPANS = st.builds(
    Span,
    name=_NAMES,
    trace_id=st.binary(max_size=20),
    start_time_unix_nano=st.integers(0, 2**64 - 1),
    dropped_events_count=st.integers(0, 2**32 - 1),
    attributes=st.lists(st.builds(KeyValue, key=_NAMES), max_size=6),
)


@settings(deadline=None)
@given(st.lists(_SPANS, max_size=8))
def test_every_field_of_every_message_is_found_as_the_library_wrote_it(spans: list[Span]) -> None:
    found = fields(Messages.of([span.SerializeToString() for span in spans]))
    assert not len(found.broken)
    names = dict(zip(*_texts(found, 5), strict=True))
    assert names == {row: span.name.encode() for row, span in enumerate(spans) if span.name}
    owner, part = found.of(7, FIXED64)
    times = dict(zip(owner.tolist(), part.fixed("<u8").tolist(), strict=True))
    assert times == {
        row: span.start_time_unix_nano for row, span in enumerate(spans) if span.start_time_unix_nano
    }
    owner, part = found.of(12, VARINT)
    counts = dict(zip(owner.tolist(), part.varints().tolist(), strict=True))
    assert counts == {
        row: span.dropped_events_count for row, span in enumerate(spans) if span.dropped_events_count
    }
    owner, part = found.repeated(9)
    pairs = [(row, part.at(place)) for place, row in enumerate(owner.tolist())]
    assert pairs == [
        (row, pair.SerializeToString()) for row, span in enumerate(spans) for pair in span.attributes
    ]


def _texts(found: object, number: int) -> tuple[list[int], list[bytes]]:
    owner, part = found.of(number, LENGTH)  # type: ignore[attr-defined]
    return owner.tolist(), part.binary().to_pylist()


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_of_64_bits_keeps_its_value_and_sign(value: int) -> None:
    found = fields(Messages.of([AnyValue(int_value=value).SerializeToString()]))
    assert found.of(3, VARINT)[1].varints().tolist() == [value]


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_bytes_that_the_library_refuses_are_broken(data: bytes) -> None:
    found = fields(Messages.of([data]))
    try:
        AnyValue.FromString(data)
    except Exception:  # noqa: BLE001 - upb raises several kinds
        return
    # Groups and redundant varints are the library's to judge; all else that it reads, so do we.
    assert not len(found.broken) or any(byte & 7 in (3, 4) or byte > 127 for byte in data)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_no_bytes_are_too_much_and_fields_stay_within_their_message(pieces: list[bytes]) -> None:
    messages = Messages.of(pieces)
    found = fields(messages)
    assert (found.value.start >= messages.start[found.owner]).all()
    assert (found.value.end <= messages.end[found.owner]).all()


def test_a_message_with_very_many_fields_is_read_to_its_end() -> None:
    few, many = (
        Span(attributes=[KeyValue(key=f"k{number}") for number in range(size)]) for size in (3, 1000)
    )
    found = fields(Messages.of([few.SerializeToString(), many.SerializeToString() + b"\xff"]))
    assert found.broken.tolist() == [1]
    assert np.bincount(found.of(9, LENGTH)[0]).tolist() == [3, 1000]
    _, part = found.repeated(9)
    assert [KeyValue.FromString(part.at(place)).key for place in range(3, 1003)] == [
        f"k{number}" for number in range(1000)
    ]


def test_a_megabyte_of_empty_fields_is_read_in_a_moment() -> None:
    found = fields(Messages.of([b"\x4a\x00" * 2**18]))
    assert len(found.of(9, LENGTH)[0]) == 2**18
