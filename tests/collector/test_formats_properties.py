from __future__ import annotations

import dataclasses
import json
import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.columns import Parsed, Source
from collector.fields import FieldMap
from collector.formats import access_log, parse

ID = "7d5c8dfc-5eda-92d8-64ac-5db9d707107e"
KNOWN = [
    f"START RequestId: {ID} Version: $LATEST\n",
    f"REPORT RequestId: {ID}\tDuration: 1.5 ms\tBilled Duration: 2 ms\n",
    f"[ERROR]\t2024-05-01T12:00:00.250Z\t{ID}\tno\nTraceback (most recent call last):\n  File\nKeyError: 1",
    f'2024-05-01T12:00:00.250Z\t{ID}\tINFO\t{{"level":"warn","message":"m"}}',
    f"2024-05-01T12:00:00.250Z {ID} Task timed out after 3.00 seconds",
    '{"level":"INFO","message":"m","timestamp":"2024-05-01 12:00:00,123+0000","user_id":"u","n":1}',
    '{"level":"INFO","message":"m","timestamp":1714564800,"user_id":null,"n":1.5}',
    '{"level":30,"message":"m","timestamp":"soon","user_id":7,"n":true}',
    '{"status":"200","trace_id":"1-5e61292c-cc1229a4dfbeae1043928548"}',
    '{"status":"debug","trace_id":"689914306405456416"}',
    '{"requestId":"r","httpMethod":"GET","status":"-","path":"/x"}',
    '192.0.2.1 - - [01/May/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 5 r',
    "2 123456789012 eni-0a1b - - - - - - - 1714564800 1714564860 - NODATA",
    "1.0 2024-05-01T12:00:00.130Z Z1 shop.example.com A NOERROR UDP FRA6 192.0.2.1 -",
    'https 2024-05-01T12:00:00.1Z app/a/b 1.2.3.4:1 - -1 -1 -1 502 - 0 0 "GET https://a/ HTTP/1.1" "c" - -',
    "level=info msg=x time=2024-05-01T12:00:00Z",
    "2024-05-01 12:00:00 ERROR failed",
    "plain text",
    "",
]


def parsed_rows(messages: list[str], source: Source) -> list[tuple[object, ...]]:
    parsed = parse(messages, [source] * len(messages), FieldMap())
    columns = [getattr(parsed, column.name).to_pylist() for column in dataclasses.fields(Parsed)]
    assert all(len(column) == len(messages) for column in columns)
    return list(zip(*columns, strict=True))


mutated = st.builds(
    lambda text, at, cut, insert: text[: at % (len(text) + 1)] + insert + text[at % (len(text) + 1) + cut :],
    st.sampled_from(KNOWN),
    st.integers(0, 500),
    st.integers(0, 30),
    st.text(st.characters(), max_size=10)
    | st.sampled_from(['"', "{", "}", "[", "\\", "-", "\x00", "\ud800", "\t"]),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "level", "status", "user", "id", "time", "record", "a"]), inner
        )
    ),
    max_leaves=8,
)
objects = st.dictionaries(
    st.sampled_from(
        ["message", "level", "timestamp", "status", "trace_id", "user_id", "type", "time", "record"]
    ),
    json_values,
    max_size=6,
).map(json.dumps)
messages = st.sampled_from(KNOWN) | mutated | objects | st.text(st.characters(), max_size=40)
sources = st.sampled_from(
    [
        Source(),
        Source("/aws/lambda/f", "s"),
        Source(header=("srcaddr", "start", "action")),
        Source(header=access_log.CLOUDFRONT.fields),
    ]
)


@given(st.lists(messages, max_size=12), sources)
@example([], Source())
def test_any_text_has_one_value_in_every_column(texts: list[str], source: Source) -> None:
    for row, text in zip(parsed_rows(texts, source), texts, strict=True):
        *_, template, attributes = row
        assert isinstance(template, str)
        assert isinstance(attributes, list)
        assert len(dict(attributes)) == len(attributes), text
        assert all(value is None or isinstance(value, str) for _, value in attributes)


@given(st.lists(messages, max_size=12), sources)
@example(KNOWN * 9, Source())
@settings(deadline=None)
def test_what_a_message_says_does_not_depend_on_its_neighbours(texts: list[str], source: Source) -> None:
    assert parsed_rows(texts, source) == [parsed_rows([text], source)[0] for text in texts]


HOSTILE = {
    "one word": "a",
    "spaces": " ",
    "brackets": "[ ",
    "quotes": '" ',
    "escapes": '\\" ',
    "backslashes": "\\",
    "braces": "{",
    "json": '{"a":',
    "pairs": "a=b ",
    "open quotes": 'a="b ',
    "tabs": "\t",
    "lines": "\n",
    "indented": "\n    at x",
    "frames": "Error: x\n    at y\n",
    "tracebacks": "Traceback (most recent call last):\n",
    "classes": "ErrorErrorException",
    "dotted": "a.",
    "digits": "1",
    "dashes": "- ",
    "facts": "Duration: ",
    "colons": "x: ",
    "NUL": "\x00",
    "surrogates": "\ud800",
}
HEADS = ["", "START RequestId: ", f"[ERROR]\t2024-05-01T12:00:00.250Z\t{ID}\t", "RequestId: x Error: ", "("]
HEADS += [
    "https 2024-05-01T",
    "1.2.3.4 - - [01/May/2024:12:00:00 +0000] ",
    "2 123456789012 eni-",
    "a=",
    '{"message":"',
]
HEADS += [
    "2024-05-01 12:00:00 ERROR ",
    "[2024-05-01 12:00:00 UTC:",
    "[dd.trace_id=",
    "79a5" * 16 + " b [01/May/2024:",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_line_of_a_megabyte_takes_no_longer_than_its_length(unit: str) -> None:
    lines = [head + HOSTILE[unit] * (2**20 // len(HOSTILE[unit])) for head in HEADS]
    start = time.process_time()
    assert len(parsed_rows(lines, Source())) == len(lines)
    assert time.process_time() - start < 0.25 * len(lines)  # a quadratic step would take minutes


def test_many_different_shapes_take_no_longer_than_their_number() -> None:
    shuffled = random.Random(7)
    texts = [json.dumps({f"k{shuffled.randrange(10**6)}": i for i in range(20)}) for _ in range(3000)]
    start = time.process_time()
    parsed_rows(texts, Source())
    assert time.process_time() - start < 3


def test_a_record_of_many_fields_takes_no_longer_than_their_number() -> None:
    text = json.dumps({f"key.{i}": i for i in range(50_000)} | {"sourceIp": "10.0.0.1"})
    start = time.process_time()
    (row,) = parsed_rows([text], Source())
    assert len(row[-1]) == 50_001  # type: ignore[arg-type]
    assert time.process_time() - start < 3
