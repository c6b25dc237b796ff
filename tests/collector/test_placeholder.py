from __future__ import annotations

import json

import pytest

from collector.placeholder import placeholder, quoted

HOLDER = placeholder("card", "0" * 32)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f'{{"a":{HOLDER}}}', {"a": HOLDER}),
        (f'{{"a" : {HOLDER} , "b":1}}', {"a": HOLDER, "b": 1}),
        (f'{{"a":"{HOLDER}"}}', {"a": HOLDER}),
        (f"[1,{HOLDER}, {HOLDER}]", [1, HOLDER, HOLDER]),
        (f'{{"a":"x,{HOLDER},y","b":[{HOLDER}]}}', {"a": f"x,{HOLDER},y", "b": [HOLDER]}),
        (f'{{"a":"say \\":{HOLDER}","b":{HOLDER}}}', {"a": f'say ":{HOLDER}', "b": HOLDER}),
    ],
)
def test_json_stays_json_where_a_number_was_replaced(text: str, value: object) -> None:
    assert json.loads(quoted(text)) == value
    assert quoted(quoted(text)) == quoted(text)


def test_json_within_json_stays_json_too() -> None:
    inner = json.dumps({"card": 0}).replace("0", HOLDER)
    text = json.dumps({"message": json.dumps({"nested": inner})})

    message = json.loads(quoted(text))["message"]

    assert json.loads(json.loads(message)["nested"]) == {"card": HOLDER}


@pytest.mark.parametrize(
    "text", [f"card {HOLDER}", f"[INFO] card {HOLDER}", f"[INFO] a,b {HOLDER}", HOLDER, ""]
)
def test_text_that_is_no_json_stays_as_it_is(text: str) -> None:
    assert quoted(text) == text


@pytest.mark.parametrize("unit", ['"', '\\"', "\\", ", ", "[ ", '": '])
def test_hostile_json_takes_linear_time(unit: str) -> None:
    text = "{" + unit * 200_000 + f",{HOLDER}"

    assert quoted(text).startswith("{" + unit)
