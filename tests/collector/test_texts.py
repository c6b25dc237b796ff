from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.texts import arrow


@given(st.lists(st.text(st.characters(exclude_categories=()))))
def test_any_text_becomes_a_column_and_stays_what_it_is_but_for_lone_surrogates(texts: list[str]) -> None:
    assert arrow(texts).to_pylist() == [text.encode(errors="backslashreplace").decode() for text in texts]
