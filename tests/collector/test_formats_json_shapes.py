from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsed_rows import rows

from collector.columns import Source
from collector.fields import FieldMap
from collector.formats.json_shapes import shapes
from collector.texts import arrow

MANY = 6


def test_messages_of_one_shape_are_columns_of_values() -> None:
    messages = arrow([f'{{"a":"{row}","b":{{"c": {row}.5}}}}' for row in range(3)] + ['{"d":true}'] * 2)
    usual, other = sorted(shapes(messages, 2), key=lambda alike: -len(alike.rows))

    assert (usual.rows.tolist(), usual.skeleton) == ([0, 1, 2], '{"a":"0","b":{"c": 1}}')
    assert [usual.column(number).to_pylist() for number in range(usual.count)] == [
        ["0", "1", "2"],
        ["0.5", "1.5", "2.5"],
    ]
    assert (other.rows.tolist(), other.skeleton) == ([3, 4], '{"d":0}')


def test_a_shape_of_few_messages_is_left_to_others() -> None:
    assert list(shapes(arrow(['{"a":1}', '{"b":1}', '{"b":2}']), 3)) == []


@pytest.mark.parametrize("text", ['{"a":"x\\n"}', '{"a":"x\t"}', '{"a":"x}', '{"a":\n1}', '{"a":  1}'])
def test_what_would_have_to_be_decoded_is_left_out(text: str) -> None:
    (alike,) = shapes(arrow([text, '{"a":1}', text, '{"a":2}\n', text, '{"a":3}']), 2)
    assert alike.rows.tolist() == [1, 5]


ODD = [
    *('{"a":1,"a":"x"}', '{"a":"x","a":  0}', '{"a" : 5}', '{"5":"x"}', '{"0":"x","1":"0"}', '{"a":{}}'),
    *('{"a":[]}', '{"a":[1,"x"],"b":["y"]}', '{"a":{"b":{"c":"d"}},"a.b.c":"e"}', "{}", '{"":""}'),
    *('{"a":-0}', '{"a":-0.0}', '{"a":1e5}', '{"a":1E400}', '{"a":1.10}', '{"a":012}', '{"a":1.}'),
    *('{"a":123456789012345678901234567890}', '{"a":18446744073709551615}', '{"a":0.00001}'),
    *('{"a":' + "9" * 40 + "}", '{"a":"x","b":1' + "2" * 40 + "}", '{"a":tru}', '{"a":NaN}', '{"a":null}'),
    *(
        '{"a":ééééééééééééééééééééééé}',
        '{"a":1é}',
        '{"a":',
        '{"a": ',
        '{"a":1',
        '{"a":"',
        '{"a"',
        "{",
        '{"a":,}',
    ),
    *(
        '{"a":1]}',
        '{"a":"x"}]',
        '{"a":"x"}{"b":"y"}',
        '{"a":"x"} ',
        '{"a":"x"}\n',
        ' {"a":"x"}',
        '\t{"a":"x"}',
    ),
    *('{"message":"{}"}', '{"message":" {1}"}', '{"msg":"\xa0{}"}', '{"message":{"msg":"x","a":1},"a":2}'),
    *(
        '{"a":"\x7f\u2028é😀"}',
        '{"a":"x":"y"}',
        '{"a":"x" "b":"y"}',
        '{"a":1"x"}',
        '{"a":"x","b"}',
        '{"a""b":1}',
    ),
    *(
        '{"level":"INFO","time":"2024-05-01T12:00:00Z","user_id":""}',
        '{"status":"-","requestId":"r","httpMethod":"-"}',
    ),
    *(
        '{"level":30,"time":1714564800000,"pid":1,"hostname":"h","name":"service_undefined"}',
        '{"a":"\ud800"}',
    ),
    *(
        '{"trace_id":"1-5e61292c-cc1229a4dfbeae1043928548"}',
        '{"trace_id":"1-5e61292c-cc1229a4dfbeae10439285é"}',
    ),
    *('{"duration":"5 ms","status":"abc"}', '{"duration":true,"status":null,"level":1.5}'),
]


@pytest.mark.parametrize("text", ODD)
def test_a_message_says_the_same_among_others_of_its_shape_as_alone(text: str) -> None:
    alone = rows([text], Source(), FieldMap())
    assert rows([text] * MANY, Source(), FieldMap()) == alone * MANY


PIECES = st.sampled_from(
    [*'{}[]":, \n1', '"a"', '"b":', '"message":', ': "x"', "-1.50e3", "true", "null", "é", '"{']
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
OBJECTS = st.recursive(
    VALUES,
    lambda inner: (
        st.dictionaries(st.sampled_from(["a", "b.c", "message", "level", "time", "fields", "1"]), inner)
        | st.lists(inner, max_size=2)
    ),
)
TEXTS = (
    st.lists(PIECES, max_size=12).map(lambda pieces: "{" + "".join(pieces))
    | OBJECTS.map(lambda value: json.dumps({"a": value}))
    | OBJECTS.map(lambda value: json.dumps({"message": value}, ensure_ascii=False, separators=(",", ":")))
)


@given(st.lists(TEXTS, min_size=1, max_size=3))
@settings(deadline=None)
def test_any_messages_say_the_same_many_times_as_once(texts: list[str]) -> None:
    alone = [row for text in texts for row in rows([text], Source(), FieldMap())]
    assert rows(texts * MANY, Source(), FieldMap()) == alone * MANY
