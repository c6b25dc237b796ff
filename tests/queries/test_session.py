"""Sessions: users in every zone, requests by every form of id, over a store that grows meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from query_rows import DAY, NOON, SECOND, bodies, put, put_compacted, record

from queries import Session, connect
from store import tables
from store.objects import Store, open_store
from store.schema import LOGS
from store.zone import Zone, pseudonym, resolve_key

OPEN = Zone("open")
UGLY = ["", "o'hara", '"; drop view logs; --', "nul\0byte", "naïve 😀", "%", "$user", "x" * 1_000_000]


def test_a_user_is_found_in_clear_and_under_the_pseudonym_of_a_zone(store: Store, eu: Zone) -> None:
    hidden = pseudonym(resolve_key("env:EU_KEY"), "u-42")
    put(
        store,
        record(NOON + 2 * SECOND, "us-east-1", user_id="u-42", body="third"),
        record(NOON, "eu-west-1", user_id=hidden, body="first"),
        record(NOON + SECOND, "ap-southeast-1", user_id="u-42", body="second"),
        record(NOON, "us-east-1", user_id="u-43", body="somebody else"),
        record(NOON, "us-east-1", body="nobody"),
    )
    with connect(store, [OPEN, eu]) as session:
        assert bodies(session.find_user("u-42")) == ["first", "second", "third"]
        assert session.warnings == ()


def test_two_zones_have_pseudonyms_of_their_own(
    local_store: Store, eu: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UK_KEY", "a UK key, also more than 16 bytes")
    uk = Zone("uk", identities="pseudonym", key="env:UK_KEY")
    for zone in (eu, uk):
        assert zone.key
        put(local_store, record(user_id=pseudonym(resolve_key(zone.key), "u-42"), body=zone.name))
    with connect(local_store, [eu, uk]) as session:
        assert sorted(bodies(session.find_user("u-42"))) == ["eu", "uk"]


def test_a_zone_whose_key_is_missing_is_a_warning_and_the_others_are_searched(
    local_store: Store, eu: Zone
) -> None:
    put(local_store, record(user_id="u-42", body="in clear"))
    with connect(local_store, [eu, Zone("uk", identities="pseudonym", key="env:NO_SUCH_KEY")]) as session:
        assert bodies(session.find_user("u-42")) == ["in clear"]

        (warning,) = session.warnings
    assert "'uk'" in warning
    assert "env:NO_SUCH_KEY" in warning


def test_a_zone_that_keeps_identities_needs_no_key(local_store: Store) -> None:
    with connect(local_store, [Zone("us", redact=("email",), key="env:NO_SUCH_KEY")]) as session:
        assert session.warnings == ()


def test_errors_are_severities_statuses_and_types_and_nothing_unknown(local_store: Store) -> None:
    put(
        local_store,
        record(user_id="u", body="severity", severity_number=17),
        record(user_id="u", body="status", http_status=500),
        record(user_id="u", body="type", error_type="Boom"),
        record(user_id="u", body="warning", severity_number=16),
        record(user_id="u", body="not found", http_status=499),
        record(user_id="u", body="unknown"),
    )
    with connect(local_store) as session:
        assert sorted(bodies(session.find_user("u", errors_only=True))) == ["severity", "status", "type"]
        assert len(bodies(session.find_user("u"))) == 6


def test_a_span_begins_with_since_and_ends_before_until(local_store: Store) -> None:
    midnight = NOON.replace(hour=0) + DAY
    put(local_store, *(record(midnight + n * SECOND, user_id="u", body=str(n)) for n in (-1, 0, 1)))
    with connect(local_store) as session:
        assert bodies(session.find_user("u", since=midnight)) == ["0", "1"]
        assert bodies(session.find_user("u", until=midnight)) == ["-1"]
        assert bodies(session.find_user("u", since=midnight, until=midnight + SECOND)) == ["0"]
        assert bodies(session.find_user("u", since=midnight + DAY)) == []


def test_a_time_without_zone_is_refused(local_store: Store) -> None:
    with connect(local_store) as session, pytest.raises(ValueError, match="since is 2026-03-01"):
        session.find_user("u", since=datetime(2026, 3, 1))  # noqa: DTZ001 - that is the point


def test_an_ugly_identity_is_only_data(local_store: Store, eu: Zone) -> None:
    key = resolve_key("env:EU_KEY")
    for n, ugly in enumerate(UGLY):
        put(
            local_store,
            record(user_id=ugly, request_id=ugly, body=f"{n} in clear"),
            record(NOON + SECOND, user_id=pseudonym(key, ugly), body=f"{n} hidden"),
        )
    with connect(local_store, [eu]) as session:
        for n, ugly in enumerate(UGLY):
            assert bodies(session.find_user(ugly)) == [f"{n} in clear", f"{n} hidden"]
            assert bodies(session.request(ugly)) == [f"{n} in clear"]


def test_an_identity_that_is_no_valid_text_is_found_under_its_pseudonym(local_store: Store, eu: Zone) -> None:
    hidden = pseudonym(resolve_key("env:EU_KEY"), "lone \ud800")
    put(local_store, record(user_id=hidden, body="hidden"))
    with connect(local_store, [eu]) as session:
        assert bodies(session.find_user("lone \ud800")) == ["hidden"]


def test_the_requests_of_a_user_include_the_lines_that_do_not_name_him(store: Store) -> None:
    put_compacted(
        store,
        record(NOON, user_id="u", trace_id="a" * 32, request_id="r-1", body="order"),
        record(NOON + SECOND, request_id="r-1", severity_number=17, body="timed out"),
        record(NOON + 2 * SECOND, "us-east-1", trace_id="a" * 32, http_status=502, body="access line"),
        record(NOON + 3 * SECOND, user_id="other", trace_id="a" * 32, body="names another user"),
        record(NOON, body="no ids at all"),
        record(NOON, request_id="r-2", body="another request at the same time"),
        record(NOON + DAY, request_id="r-1", body="another day"),
    )
    with connect(store) as session:
        assert bodies(session.find_user("u")) == ["order"]
        assert bodies(session.user_requests("u")) == ["order", "timed out", "access line", "another day"]
        assert bodies(session.user_requests("u", errors_only=True)) == ["timed out", "access line"]
        assert bodies(session.user_requests("u", until=NOON + 2 * SECOND)) == ["order", "timed out"]
        assert bodies(session.user_requests("nobody")) == []


def test_error_patterns_count_by_fingerprint_and_service(store: Store) -> None:
    boom = {"fingerprint": "f1", "service": "orders", "severity_number": 17}
    put_compacted(
        store,
        record(NOON, "eu-west-1", user_id="a", body="old", error_type="OldError", **boom),
        record(
            NOON + SECOND, "us-east-1", user_id="b", body="new", request_id="r", error_type="Boom", **boom
        ),
        record(
            NOON + SECOND,
            "us-east-1",
            user_id="b",
            body="",
            trace_id="a" * 32,
            service="files",
            http_status=503,
        ),
        record(NOON, "us-east-1", user_id="c", body="fine", fingerprint="f1", service="orders"),
    )
    with connect(store) as session:
        first, second = (
            dict(zip(session.error_patterns().columns, row, strict=True))
            for row in session.error_patterns().fetchall()
        )
        assert bodies_and_counts(session.error_patterns(since=NOON + SECOND)) == [("", 1), ("new", 1)]
    assert first == {
        "fingerprint": "f1",
        "service": "orders",
        "count": 2,
        "users": 2,
        "regions": ["eu-west-1", "us-east-1"],
        "first_seen": NOON,
        "last_seen": NOON + SECOND,
        "error_type": "Boom",
        "example": "new",
        "example_request": "r",
    }
    assert (second["fingerprint"], second["service"], second["example_request"]) == (None, "files", "a" * 32)


def bodies_and_counts(patterns: duckdb.DuckDBPyRelation) -> list[tuple[str, int]]:
    return sorted(patterns.project("example, count").fetchall())


def test_a_long_lived_session_sees_new_commits(store: Store) -> None:
    with connect(store) as session:
        assert bodies(session.find_user("u")) == []
        put(store, record(user_id="u", body="one"))
        assert bodies(session.find_user("u")) == ["one"]
        put_compacted(store, record(NOON + SECOND, user_id="u", body="two"))
        assert bodies(session.find_user("u")) == ["one", "two"]


def test_the_connection_keeps_to_one_version_until_the_session_is_asked_again(store: Store) -> None:
    put(store, record(body="one"))
    with connect(store) as session:
        put(store, record(NOON + SECOND, body="two"))
        assert bodies(session.connection.sql("from logs")) == ["one"]
        assert bodies(session.sql("from logs order by time")) == ["one", "two"]
        assert bodies(session.connection.sql("from logs order by time")) == ["one", "two"]


def test_what_was_asked_before_the_store_grew_can_still_be_fetched(local_store: Store) -> None:
    put(local_store, *(record(NOON + number * SECOND, body=str(number)) for number in range(5000)))
    with connect(local_store) as session:
        asked = session.connection.cursor().execute("select body from logs")
        first = asked.fetchone()
        for number in range(3):
            put(local_store, record(NOON - (number + 1) * SECOND, body="later"))
            assert session.sql("select count(*) from logs").fetchall() == [(5001 + number,)]
        assert len(asked.fetchall()) == 4999
    assert first is not None


def test_threads_ask_while_the_store_grows(local_store: Store) -> None:
    put(local_store, record(body="0"))
    with connect(local_store) as session, ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(_counts, session) for _ in range(4)]
        for number in range(1, 10):
            put(local_store, record(NOON + number * SECOND, body=str(number)))
        for counts in (each.result() for each in asked):
            assert counts == sorted(counts)


def _counts(session: Session) -> list[int]:
    return [session.sql("select count(*) from logs").fetchall()[0][0] for _ in range(40)]


def test_a_store_that_is_not_there_has_no_rows_until_it_is(tmp_path: Path) -> None:
    place = tmp_path / "later"
    with connect(str(place)) as session:
        assert session.sql("select count(*) from logs").fetchall() == [(0,)]
        for answer in (
            session.find_user("u"),
            session.user_requests("u"),
            session.request("r"),
            session.error_patterns(),
        ):
            assert answer.fetchall() == []
        assert not place.exists(), "looking must not create anything"

        store = open_store(str(place))
        tables.ensure(store)
        put(store, record(user_id="u", body="here"))
        assert bodies(session.find_user("u")) == ["here"]


def test_a_store_of_an_older_version_lacks_no_column(tmp_path: Path) -> None:
    import deltalake
    import pyarrow as pa

    old = pa.table({"time": [NOON], "region": ["eu-west-1"], "day": [NOON.date()], "user_id": ["u"]})
    deltalake.write_deltalake(str(tmp_path / "logs"), old, partition_by=["region", "day"])
    with connect(str(tmp_path)) as session:
        ((time, user, error_type),) = session.find_user("u").project("time, user_id, error_type").fetchall()
        assert (time, user, error_type) == (NOON, "u", None)


@pytest.mark.parametrize("name", ["with space", "quote's", "ünïcode", "a+b&c#d?"])
def test_a_store_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    store = open_store(str(tmp_path / name))
    tables.ensure(store)
    put(store, record(user_id="u", body="found"))
    with connect(str(tmp_path / name)) as session:
        assert bodies(session.find_user("u")) == ["found"]


def test_a_result_is_arrow_polars_and_rows_in_utc(
    local_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(local_store, record(user_id="u"))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with connect(local_store) as session:
        found = session.find_user("u")
        assert isinstance(found.pl(), pl.DataFrame)
        assert found.to_arrow_table().num_rows == 1
        ((time,),) = session.sql("select time::varchar from logs").fetchall()
        assert time == "2026-03-01 12:00:00+00"
        ((time,),) = found.project("time").fetchall()
        assert time.utcoffset() == timedelta(0)


def test_threads_share_a_session(local_store: Store) -> None:
    put(local_store, *(record(user_id=f"u-{n}", body=str(n)) for n in range(20)))
    with connect(local_store) as session, ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda n: bodies(session.find_user(f"u-{n}")), range(20))
        assert list(found) == [[str(n)] for n in range(20)]


def test_a_key_shows_nowhere(local_store: Store, eu: Zone) -> None:
    key = resolve_key("env:EU_KEY").decode()
    with connect(local_store, [eu]) as session:
        catalogue = session.connection.execute(
            "select * from duckdb_functions() where not internal"
        ).fetchall()
        settings = session.connection.execute("select * from duckdb_settings()").fetchall()
        with pytest.raises(duckdb.Error) as unknown:
            session.sql("select pseudonym('nowhere', 'u-42')").fetchall()
        plan = session.sql("explain from find_user('u-42')").fetchall()
    for text in (repr(catalogue), repr(settings), str(unknown.value), repr(plan), repr(session)):
        assert key not in text
        assert key.encode().hex() not in text
    assert "zone 'nowhere'" in str(unknown.value)


def test_every_column_is_documented_in_the_catalogue(local_store: Store) -> None:
    with connect(local_store) as session:
        comments = dict(
            session.sql(
                "select column_name, comment from duckdb_columns where table_name = 'logs'"
            ).fetchall()
        )
    assert comments == {column.name: column.doc for column in LOGS.columns}
