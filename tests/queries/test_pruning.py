"""What a search does not read: other days, other users' row groups, row groups without the id."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import timedelta

import pytest
from query_rows import DAY, NOON, Row, put_compacted, record

from queries import connect
from store import parts, tables
from store.objects import Store
from store.schema import LOGS
from store.zone import Zone

REGIONS = ("eu-west-1", "us-east-1")
DAYS = 2
GROUP = 2_048  # rows: the smallest row group that DuckDB writes
GROUPS = 6  # in each region on each day
ROWS = GROUPS * GROUP
USER = "u-0700"


def id_of(number: int) -> str:
    """Ids without order: bounds tell nothing of where they are, only Bloom filters do."""
    return hashlib.md5(str(number).encode()).hexdigest()


TRACE = id_of(ROWS + 17)
REQUEST = f"r-{TRACE}"


@pytest.fixture(scope="module")
def layered(module_store: Store) -> Store:
    """Closed days: each file is sorted by user, and has several row groups."""
    chance = random.Random(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "ROW_GROUP_ROWS", GROUP)
        put_compacted(module_store, *(_row(number, chance) for number in range(len(REGIONS) * DAYS * ROWS)))
    return module_store


def _row(number: int, chance: random.Random) -> Row:
    place, within = divmod(number, ROWS)
    return record(
        NOON + (place % DAYS) * DAY + timedelta(milliseconds=within),
        REGIONS[place // DAYS],
        user_id=f"u-{within % 1000:04d}",
        trace_id=id_of(number),
        request_id=f"r-{id_of(number)}",
        body=chance.randbytes(100).hex(),
        severity_number=17 if within % 100 == 0 else 9,
    )


@dataclass(frozen=True)
class Cost:
    """Data files a query opened, and bytes it read of them."""

    files: int
    bytes: int


def cost(store: Store, query: str, zones: tuple[Zone, ...] = ()) -> Cost:
    """What a query costs a session that has read nothing yet, by DuckDB's log of its file accesses."""
    with connect(store, zones) as session:
        connection = session.connection
        connection.execute("call enable_logging('FileSystem')")
        connection.execute(query).fetchall()
        connection.execute("call disable_logging()")
        found = connection.execute(
            "select count(distinct path), coalesce(sum(bytes) filter (op = 'READ'), 0) "
            "from duckdb_logs_parsed('FileSystem') where path like '%.parquet'"
        ).fetchone()
    assert found
    return Cost(*found)


def size(store: Store) -> int:
    return sum(file.size for file in tables.snapshot(store, LOGS).active.values())


def test_a_user_is_read_from_the_row_groups_of_the_user_alone(layered: Store, eu: Zone) -> None:
    a_group_of_each_file = size(layered) / GROUPS
    assert cost(layered, f"from find_user('{USER}')").bytes < 1.5 * a_group_of_each_file
    assert cost(layered, f"from find_user('{USER}')", (eu,)).bytes < 1.5 * a_group_of_each_file


def test_a_user_beyond_all_others_opens_no_file(layered: Store) -> None:
    assert cost(layered, "from find_user('v')").files == 0


@pytest.mark.parametrize("id", [REQUEST, TRACE])
def test_a_request_is_read_from_the_row_groups_that_hold_its_id(layered: Store, id: str) -> None:
    with connect(layered) as session:
        assert len(session.request(id).fetchall()) == 1
    assert cost(layered, f"from request('{id}')").bytes < size(layered) / 4


def test_an_id_that_is_nowhere_costs_footers_and_filters_alone(layered: Store) -> None:
    assert cost(layered, f"from request('r-{id_of(-1)}')").bytes < size(layered) / 8


@pytest.mark.parametrize(
    "call",
    [
        f"find_user('{USER}', since := {{since}})",
        f"user_requests('{USER}', since := {{since}})",
        f"request('{REQUEST}', since := {{since}})",
        "error_patterns(since := {since})",
        "error_patterns(since := {since}, until := {since}::timestamptz + interval 3 hours)",
    ],
)
def test_only_the_days_of_the_span_are_opened(layered: Store, call: str) -> None:
    last_day = (NOON + (DAYS - 1) * DAY).isoformat()

    assert cost(layered, f"from {call.format(since=repr(last_day))}").files == len(REGIONS)


def test_a_span_that_is_relative_to_now_is_pruned_as_well(layered: Store) -> None:
    assert cost(layered, f"from find_user('{USER}', since := now() - interval 1 day)").files == 0
