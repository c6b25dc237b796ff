"""Paths: computed in one place, taken apart in the same place, and no way out of the store."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import layout
from store.layout import DataFile, content_id, data_file, quarantine_path, quarantined, region_name
from store.schema import TABLES

ID = "0123456789abcdef" * 2

regions = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
days = st.dates(date(2000, 1, 1), date(2100, 12, 31))
ids = st.from_regex(r"[0-9a-f]{32}", fullmatch=True)


@given(regions, days, ids, st.booleans())
def test_a_data_file_is_read_back_from_its_path(region: str, day: date, id: str, part: bool) -> None:
    file = DataFile("logs", region, day, id, part)
    assert data_file(file.path) == file


@given(regions, days, ids)
def test_a_quarantine_file_is_read_back_from_its_path(region: str, day: date, id: str) -> None:
    path = quarantine_path(region, day, id)
    assert quarantined(path) == (region, day)
    assert data_file(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "logs/_delta_log/00000000000000000000.json",
        f"logs/region=eu-west-1/day=2026-02-30/{ID}.parquet",
        f"logs/region=eu-west-1/day=2026-03-01/{ID}.parquet\n",
        f"logs/region=../day=2026-03-01/{ID}.parquet",
        f"logs/region=eu-west-1/day=2026-03-01/part-{ID}-c000.snappy.parquet",
        f"quarantine/region=eu-west-1/day=2026-03-01/{ID}.jsonl.gz",
    ],
)
def test_what_is_no_data_file_is_not_taken_for_one(path: str) -> None:
    assert data_file(path) is None


@given(st.lists(st.binary(max_size=8), max_size=4), st.lists(st.binary(max_size=8), max_size=4))
def test_two_deliveries_share_an_id_only_if_they_are_the_same(one: list[bytes], other: list[bytes]) -> None:
    assert (content_id(one) == content_id(other)) == (one == other)


@pytest.mark.parametrize("region", ["", "../up", "eu west", "EU-WEST-1", "eu-west-1/", "eu-west-1\n", "a\0"])
def test_a_region_that_cannot_stand_in_a_path_is_refused(region: str) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        region_name(region)


def test_every_kind_of_object_has_its_own_folder() -> None:
    folders = [layout.QUARANTINE, layout.REMOVED, layout.MARKS, *TABLES]
    assert len(set(folders)) == len(folders)
