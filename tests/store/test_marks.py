"""Marks: what a collector remembers between its runs."""

from __future__ import annotations

import pytest

from store import marks
from store.commit import pending
from store.objects import Store
from store.verify import verify


def test_a_mark_that_was_never_written_is_none(store: Store) -> None:
    assert marks.read(store, "xray/eu-west-1") is None


def test_a_mark_is_read_back_as_it_was_last_written(store: Store) -> None:
    value = {"until": "2026-03-01T12:00:00+00:00", "traces": {"1-a": [1, None, 2.5, True]}, "ü\ud800": "\0"}
    marks.write(store, "xray/eu-west-1", {"until": "earlier"})
    marks.write(store, "xray/eu-west-1", value)
    assert marks.read(store, "xray/eu-west-1") == value


def test_marks_of_different_names_do_not_meet(store: Store) -> None:
    names = ["xray", "xray/eu-west-1", "xray/us-east-1", "metrics/eu-west-1", "a_b-c/0/1"]
    for name in names:
        marks.write(store, name, {"name": name})
    assert [marks.read(store, name) for name in names] == [{"name": name} for name in names]


@pytest.mark.parametrize(
    "name",
    ["", "/", "a/", "/a", "a//b", "../a", "a/../b", ".", "A", "a.json", "a b", "a\n", "a\0", "é", "a\\b"],
)
def test_a_name_that_cannot_stand_in_a_path_is_refused(local_store: Store, name: str) -> None:
    before = list(local_store.list())
    with pytest.raises(ValueError, match=r"mark .*lower-case"):
        marks.write(local_store, name, {})
    with pytest.raises(ValueError, match=r"mark .*lower-case"):
        marks.read(local_store, name)
    assert list(local_store.list()) == before


@pytest.mark.parametrize("damaged", [b"", b"{", b"\xff", b"\x00", b"[]", b"null", b'{"a": 1}}'])
def test_a_damaged_mark_is_an_error_that_names_its_path(store: Store, damaged: bytes) -> None:
    store.put("marks/xray/eu-west-1.json", damaged)
    with pytest.raises(ValueError, match=r"marks/xray/eu-west-1\.json: damaged mark"):
        marks.read(store, "xray/eu-west-1")


def test_marks_are_no_part_of_any_table(store: Store) -> None:
    marks.write(store, "logs", {})
    marks.write(store, "metrics/eu-west-1", {"until": 1})
    assert pending(store) == []
    assert verify(store).problems == ()


def test_a_value_that_json_cannot_say_leaves_the_mark_as_it_was(local_store: Store) -> None:
    marks.write(local_store, "xray", {"until": 1})
    with pytest.raises(TypeError):
        marks.write(local_store, "xray", {"until": object()})
    assert marks.read(local_store, "xray") == {"until": 1}
