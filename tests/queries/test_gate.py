"""What a session refuses: writing, other files, other hosts, and any change of its own lock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from query_rows import bodies, put, record

from queries import Refused, Session, connect
from store.objects import Store

WRITES = [
    "copy (select 1) to '{inside}/out.csv'",
    "copy (select 1) to '/tmp/out.csv'",
    "export database '{inside}/out'",
    "attach '{inside}/out.db'",
    "attach ':memory:' as other",
    "create table t as select 1",
    "create or replace view logs as select 1",
    "drop view logs",
    "insert into logs select * from logs",
    "delete from logs",
    "install httpfs",
    "load httpfs",
    "set threads = 1",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma enable_profiling",
    "call enable_profiling(save_location := '{inside}/profile')",
    "call delta_set_transaction_version('{inside}/logs', 'a', 1, 1)",
    "create secret (type s3, key_id 'a', secret 'b')",
    "prepare q as select 1",
    "begin",
    "select write_blob('{inside}/out', 'a'::blob)",
    "select * from logs where Write_Blob('{inside}/out', 'a'::blob)",
]

FOREIGN = [
    "from read_csv('/etc/passwd')",
    "from read_text('/etc/passwd')",
    "from glob('/etc/*')",
    "from delta_scan('/elsewhere')",
    "from delta_scan('http://127.0.0.1:9/table')",
    "from DELTA_SCAN('/elsewhere')",
    "from \"delta_scan\"('/elsewhere')",
    "from system.main.delta_scan('/elsewhere')",
    "select (select count(*) from delta_list_files('/elsewhere'))",
    "with a as (from delta_scan('/elsewhere')) from a",
    "from logs, lateral (from delta_scan('/elsewhere'))",
    "explain from delta_scan('/elsewhere')",
    "explain analyze from delta_scan('/elsewhere')",
    "from query('from delta_scan(''/elsewhere'')')",
    "from query_table('logs')",
    "from json_execute_serialized_sql('{{}}')",
    "from duckdb_secrets()",
    "from arrow_scan(1, 2, 3)",
]


@pytest.fixture(scope="module")
def session(module_store: Store) -> Iterator[Session]:
    put(module_store, record(user_id="o'hara", body="found"))
    with connect(module_store) as opened:
        yield opened


@pytest.mark.parametrize("query", WRITES + FOREIGN)
def test_sql_refuses_all_but_reading_the_store(session: Session, query: str) -> None:
    before = sorted(item.path for item in session.store.list())
    with pytest.raises(Refused):
        session.sql(query.format(inside=session.store.uri)).fetchall()
    assert sorted(item.path for item in session.store.list()) == before


@pytest.mark.parametrize("query", ["", "select 1; select 2", "select 1; drop view logs", "-- nothing"])
def test_sql_takes_one_statement(session: Session, query: str) -> None:
    with pytest.raises(Refused, match="one statement"):
        session.sql(query)


def test_sql_says_where_the_syntax_is_wrong(session: Session) -> None:
    with pytest.raises(duckdb.ParserException, match='near "selec"'):
        session.sql("selec 1")


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from logs",
        "from logs select body where body like '%delta_scan(%' or body = 'drop table'",
        "with recent as (from find_user('u')) select count(*) from recent group by all",
        "from logs semi join (from request('r')) using (event_id)",
        "select unnest([1, 2])",
        "from range(3)",
        "values (1)",
        "summarize logs",
        "describe logs",
        "show tables",
        "EXPLAIN from find_user('u')",
        "explain analyze select 1",
    ],
)
def test_sql_runs_whatever_only_reads(session: Session, query: str) -> None:
    assert session.sql(query).columns


def test_sql_binds_parameters_by_place_and_by_name(session: Session) -> None:
    assert bodies(session.sql("from find_user($1)", ["o'hara"])) == ["found"]
    assert bodies(session.sql("from find_user($who)", {"who": "o'hara"})) == ["found"]


def test_the_connection_itself_reaches_the_store_and_nothing_else(store: Store, tmp_path: Path) -> None:
    put(store, record(body="found"))
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("a\n1\n")
    beside = f"{store.uri}-beside/x.csv"
    with connect(store) as session:
        for query in (
            f"from read_csv('{foreign}')",
            f"from '{foreign}'",
            f"from read_csv('{store.uri}/../foreign.csv')",
            f"from read_csv('{beside}')",
            f"copy (select 1) to '{beside}'",
            f"copy (select 1) to '{tmp_path}/out.csv'",
            f"attach '{tmp_path}/out.db'",
            "insert into delta_logs.main.delta_logs (time, region, day) values (now(), 'r', today())",
            "from read_csv('http://127.0.0.1:9/x.csv')",
            "install spatial",
            "load spatial",
            "set threads = 1",
            "set allowed_directories = ['/']",
            "reset enable_external_access",
            "create persistent secret s (type http, bearer_token 'x')",
            "from foreign",
        ):
            with pytest.raises(duckdb.Error):
                session.connection.execute(query)
        assert bodies(session.connection.sql("from logs")) == ["found"]
    assert {path.name for path in tmp_path.iterdir()} <= {"foreign.csv", "store"}
