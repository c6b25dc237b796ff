"""Attributes: nested JSON objects as texts under dotted names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.attributes import DEPTH, flattened, taken


def test_objects_become_dotted_names_and_all_else_text() -> None:
    nested = {"a": {"b": 1, "c": [True, None]}, "d": None, "e": {}, "f": 1.5, "g": "x", "h": False}
    told = {"p.a.b": "1", "p.a.c": "[true,null]", "p.d": None, "p.e": "{}", "p.f": "1.5", "p.g": "x"}
    assert flattened(nested, "p.") == told | {"p.h": "false"}


def test_what_is_nested_deeper_is_one_text() -> None:
    deep: Any = 1
    for _ in range(DEPTH + 2):
        deep = {"a": deep}
    assert flattened(deep) == {".".join(["a"] * (DEPTH + 1)): '{"a":1}'}


def test_what_cannot_be_written_is_an_error_and_no_crash() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deep"):
        flattened({"a": deep})


def test_the_first_attribute_that_says_something_is_taken_out() -> None:
    attributes = {"user": "", "sub": None, "user_id": "u-1", "userId": "u-2"}
    assert taken(attributes, ("user", "sub", "user_id", "userId")) == "u-1"
    assert attributes == {"user": "", "sub": None, "userId": "u-2"}
    assert taken(attributes, ("user", "absent")) is None


NAMES = st.text(st.characters(exclude_characters="."), max_size=4)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.lists(st.integers())


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, min_size=1)))
def test_every_value_can_be_read_back(nested: dict[str, dict[str, Any]]) -> None:
    told = flattened(nested)
    assert len(told) == sum(map(len, nested.values()))
    for outer, values in nested.items():
        for inner, value in values.items():
            written = told[f"{outer}.{inner}"]
            assert (written is None and value is None) or json.loads(written or "") == value
