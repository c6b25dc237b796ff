"""How fast a user and a request are found, against the same rows in plain Parquet sorted by time.

Builds N million log records of a shop, seven days in three regions, through the store (segments, commits,
compaction), and asks the same questions of three places in turn: the store, the plain files, and a store with
a quarter of the rows (of a quarter of the users) in the same days. A user makes twenty requests, one in ten of
them away from the home region. Ids are random, so no bounds tell where they are, and each is asked for once.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from queries import Session, connect, identity, macros
from store import engine, segments, tables
from store.commit import commit
from store.compact import compact
from store.layout import DataFile, content_id
from store.objects import Store, open_store
from store.schema import LOGS

REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-1")
DAYS = tuple(date(2026, 3, 1) + timedelta(days=day) for day in range(7))
LATER = datetime(2026, 3, 20, tzinfo=UTC)  # by then all days are closed, and compaction sorts them

LINES = 5  # records per request: one access line, three of the application, one report of Lambda
ROWS_PER_USER = 100  # 60 of them name the user
SEGMENT_REQUESTS = 40_000

ASKED = {"find_user", "request", "within", "is_error", "as_trace_id"}  # macros, and those they are made of
FASTER = 8.0  # than plain Parquet, find_user and request
GROWTH = {"find_user": 1.5, "request": 2.5}  # times slower when four times the rows are in the same days

# Every record of a request is a function of (region, day, number), so that any id can be computed again.
RECORDS = r"""
with request as (
    select
        number,
        md5(concat_ws('/', $region, $day, number, 'trace')) as trace_id,
        md5(concat_ws('/', $region, $day, number, 'gateway'))::uuid::varchar as gateway_id,
        md5(concat_ws('/', $region, $day, number, 'function'))::uuid::varchar as function_id,
        (hash($region, $day, number, 'user') % ($users // 3))::bigint * 3 + (
            $home + case when hash($region, $day, number, 'away') % 10 = 0 then 1 + number % 2 else 0 end
        ) % 3 as user,
        (hash($region, $day, number, 'start') % 86390)::bigint as second,
        (hash($region, $day, number, 'kind') >> 2)::bigint as kind,
        hash($region, $day, number, 'failure') % 100 = 0 as failed,
        ['orders', 'payments', 'sessions', 'files', 'profile'][1 + kind % 5] as function,
    from range($first, $first + $requests) as numbers(number)
),
line as (
    select
        *,
        $day::date::timestamptz + to_microseconds(second * 1000000 + line * 37123 + kind % 999983) as time,
        (hash($region, $day, number, line) >> 2)::bigint as noise,
        line between 1 and 3 as by_app,
        failed and line = 3 as error,
        concat('user-', user) as user_id,
        concat('sess-', md5(concat(user, $day))[:20]) as session_id,
        concat('Root=1-', trace_id[:8], '-', trace_id[9:]) as root,
        concat_ws('.', 10, noise % 256, (noise >> 8) % 256, (noise >> 16) % 256) as address,
        concat('handler:', 40 + noise % 200) as location,
        md5(noise::varchar)[:16] as span_id,
        span_id[:12] as order_id,
        case
            when error then ['writer unavailable, giving up after 3 attempts', 'stale session, reloading',
                'payment provider answered 503', 'conditional check failed'][1 + noise % 4]
            else ['order accepted', 'session loaded from cache', 'payment authorised',
                'profile read from replica', 'upload stored', 'cart updated', 'price calculated'][1 + noise % 7]
        end as message,
    from request, range(5) as lines(line)
)
select
    time,
    time + interval 2 second as observed_time,
    $region as region,
    $day::date as day,
    '123456789012' as account_id,
    case when line = 0 then 'api' else function end as service,
    (case when error then 17 when line = 3 and noise % 20 = 0 then 13 else 9 end)::int as severity_number,
    case severity_number when 17 then 'ERROR' when 13 then 'WARNING' else 'INFO' end as severity_text,
    case line
        when 0 then to_json({
            requestId: gateway_id, ip: address, requestTime: strftime(time, '%d/%b/%Y:%H:%M:%S +0000'),
            httpMethod: 'POST', routeKey: concat('POST /', function),
            status: case when failed then '502' else '200' end, protocol: 'HTTP/1.1',
            responseLength: (noise % 9000)::varchar, integrationLatency: ((noise >> 5) % 3000)::varchar,
            userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_2 like Mac OS X) AppleWebKit/605.1.15 '
                || '(KHTML, like Gecko) Mobile/15E148',
            xrayTraceId: root})
        when 4 then to_json({
            time: strftime(time, '%Y-%m-%dT%H:%M:%S.%gZ'), type: 'platform.report', record: {
                requestId: function_id, metrics: {
                    durationMs: noise % 3000 + (noise % 97) / 100, billedDurationMs: noise % 3000 + 1,
                    memorySizeMB: 512, maxMemoryUsedMB: 90 + noise % 200},
                tracing: {spanId: span_id, type: 'X-Amzn-Trace-Id', value: root},
                status: case when failed then 'error' else 'success' end}})
        else to_json({
            level: case when error then 'ERROR' else 'INFO' end, location: location, message: message,
            timestamp: strftime(time, '%Y-%m-%d %H:%M:%S.%g+0000'), service: function, cold_start: false,
            function_name: concat('shop-', function), function_memory_size: '512',
            function_request_id: function_id, correlation_id: gateway_id,
            xray_trace_id: concat('1-', trace_id[:8], '-', trace_id[9:]), user_id: user_id,
            session_id: session_id, order_id: order_id, amount: (noise % 50000) / 100})
    end::varchar as body,
    trace_id,
    case when by_app then span_id end as span_id,
    case when line = 0 then gateway_id else function_id end as request_id,
    case when by_app then session_id end as session_id,
    case when by_app then user_id end as user_id,
    (case when line = 0 then case when failed then 502 else 200 end end)::int as http_status,
    case when not by_app then (noise % 3000)::double end as duration_ms,
    case when error then ['WriterUnavailable', 'StaleVersion', 'ProviderUnavailable',
        'ConditionalCheckFailed'][1 + noise % 4] end as error_type,
    md5(concat_ws('/', function, line, error, noise % 7))[:16] as fingerprint,
    case line when 0 then '/aws/apigateway/shop' else '/aws/lambda/shop-' || function end as log_group,
    concat(strftime(time, '%Y/%m/%d'), '/[$LATEST]', md5((kind % 40)::varchar)) as log_stream,
    concat(lpad((epoch_us(time) * 100 + line)::varchar, 40, '3'), lpad(number::varchar, 16, '0')) as event_id,
    case line
        when 0 then map {
            'http.request.method': 'POST', 'http.route': concat('/', function),
            'client.address': address}
        when 4 then map {
            'aws.lambda.max_memory_used_mb': (90 + noise % 200)::varchar,
            'aws.lambda.billed_duration_ms': (noise % 3000 + 1)::varchar}
        else map {
            'message': message, 'location': location, 'code.function': function, 'order_id': order_id}
    end as attributes
from line
"""


@dataclass(frozen=True)
class Shop:
    """The records of one run: how many requests each region serves each day, and how many users there are."""

    rows: int

    @property
    def requests(self) -> int:
        return self.rows // (len(REGIONS) * len(DAYS) * LINES)

    @property
    def users(self) -> int:
        return self.rows // ROWS_PER_USER

    def records(self, region: str, day: date, first: int, requests: int) -> pa.Table:
        """All records of the requests with the numbers from `first`."""
        values = {"region": region, "home": REGIONS.index(region), "day": day.isoformat(), "first": first}
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(
                RECORDS, {**values, "requests": requests, "users": self.users}
            ).to_arrow_table()

    def ids(self, chance: random.Random) -> dict[str, str]:
        """What to ask of each question: a user; half the time a trace, else a request."""
        at = (chance.choice(REGIONS), chance.choice(DAYS), chance.randrange(self.requests))
        record = self.records(*at, 1).slice(2, 1).to_pylist()[0]
        asked = record["trace_id"] if chance.random() < 0.5 else record["request_id"]
        return {"find_user": record["user_id"], "request": asked}


@dataclass
class Place:
    """Somewhere to ask, with the latencies of each question: long open, and in a connection of its own."""

    name: str
    shop: Shop
    open: Callable[[], duckdb.DuckDBPyConnection]
    warm: dict[str, list[float]] = field(default_factory=lambda: {"find_user": [], "request": []})
    cold: dict[str, list[float]] = field(default_factory=lambda: {"find_user": [], "request": []})


def build(store: Store, shop: Shop) -> None:
    """Deliver, commit and compact the records of all days."""
    tables.ensure(store)
    for day in DAYS:
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # DuckDB makes the records in one thread
            delivered = [
                pool.submit(_deliver, store, shop, region, day, first)
                for region in REGIONS
                for first in range(0, shop.requests, SEGMENT_REQUESTS)
            ]
        files = [file for segment in delivered for file in segment.result()]
        result = commit(store, files)
        assert not result.failed
        print(f"  {day}: {result.rows:,} rows in {len(result.committed)} segments", flush=True)
    compacting = time.perf_counter()
    merged = compact(store, now=LATER)
    assert not merged.failed
    seconds = time.perf_counter() - compacting
    print(f"  compacted {merged.files_before} files into {merged.files_after} in {seconds:.0f} s", flush=True)


def _deliver(store: Store, shop: Shop, region: str, day: date, first: int) -> tuple[DataFile, ...]:
    rows = shop.records(region, day, first, min(SEGMENT_REQUESTS, shop.requests - first))
    return segments.write(store, LOGS, rows, content_id([region.encode(), str((day, first)).encode()])).files


def build_plain(store: Store, folder: Path) -> None:
    """The same rows by time: what DuckDB writes by default, one file per region and day."""
    with engine.connect(store, delta=True) as connection:
        rows = f"delta_scan({engine.quote(engine.url(store, LOGS.name))})"
        for day, region in itertools.product(DAYS, REGIONS):
            place = folder / f"region={region}" / f"day={day}"
            place.mkdir(parents=True)
            connection.execute(
                f"copy (select * exclude (region, day) from {rows} "
                f"where region = '{region}' and day = '{day}' order by time) "
                f"to '{place}/rows.parquet' (format parquet, compression zstd)"
            )


def open_plain(folder: Path) -> duckdb.DuckDBPyConnection:
    """The macros of a session over the plain files."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set parquet_metadata_cache = true")
    connection.execute("set validate_external_file_cache = 'NO_VALIDATION'")
    connection.execute(
        f"create view logs as from read_parquet('{folder}/*/*/*.parquet', hive_partitioning = true)"
    )
    identity.define(connection, {})
    for macro in macros.in_order():
        if macro.name in ASKED:
            macro.create(connection)
    return connection


def ask(connection: duckdb.DuckDBPyConnection, question: str, id: str) -> tuple[float, list[str]]:
    """Seconds until all records of the answer are there, and their event ids."""
    started = time.perf_counter()
    rows = connection.execute(f"from {question}($1)", [id]).to_arrow_table()
    return time.perf_counter() - started, rows["event_id"].to_pylist()


def measure(places: list[Place], rounds: int) -> None:
    """Ask all places in turn; those with the same rows must give the same answer."""
    chance = random.Random(1)
    opened = {place.name: place.open() for place in places}
    shops = {place.shop for place in places}
    for round in range(-1, rounds):
        ids = {shop: shop.ids(chance) for shop in shops}
        for question in ("find_user", "request"):
            answers: dict[tuple[Shop, str], list[str]] = {}
            for place in places:
                asked = ids[place.shop][question]
                seconds, found = ask(opened[place.name], question, asked)
                if round >= 0:  # the round before the first only warms up
                    place.warm[question].append(seconds)
                assert found
                assert answers.setdefault((place.shop, asked), found) == found
    for _ in range(max(3, rounds // 10)):
        ids = {shop: shop.ids(chance) for shop in shops}
        for question in ("find_user", "request"):
            for place in places:
                with place.open() as connection:
                    place.cold[question].append(ask(connection, question, ids[place.shop][question])[0])


def report(places: list[Place]) -> Iterator[str]:
    """Print all figures; yields a sentence for every goal that is missed."""
    print(f"\n{'':12}{'':22}{'median':>10}{'p95':>10}{'first query of a connection':>30}")
    for question in GROWTH:
        for place in places:
            warm = place.warm[question]
            late = sorted(warm)[math.ceil(0.95 * len(warm)) - 1]
            print(
                f"{question:12}{place.name:22}{_ms(statistics.median(warm))}{_ms(late)}"
                f"{_ms(statistics.median(place.cold[question])):>30}"
            )
    print()
    store, plain, quarter = ({q: statistics.median(place.warm[q]) for q in GROWTH} for place in places)
    for question, limit in GROWTH.items():
        faster, slower = plain[question] / store[question], store[question] / quarter[question]
        print(f"{question}: {faster:.1f} times faster than plain Parquet (goal {FASTER:g})")
        print(f"{question}: {slower:.2f} times slower with 4 times the rows (goal {limit:g})")
        if faster < FASTER:
            yield f"{question} is only {faster:.1f} times faster than plain Parquet"
        if slower > limit:
            yield f"{question} gets {slower:.2f} times slower when the rows grow fourfold"


def report_size(session: Session, folder: Path) -> None:
    rows, message_bytes = session.sql("select count(*), sum(strlen(body)) from logs").fetchall()[0]
    active = tables.snapshot(session.store, LOGS).active.values()
    sizes = {"store": sum(file.size for file in active), "plain Parquet": _bytes(folder)}
    for name, size in sizes.items():
        print(
            f"{name}: {size / 1e6:,.0f} MB, {size / rows:.0f} bytes per row, "
            f"{size / message_bytes:.2f} per byte of the {message_bytes / rows:.0f}-byte JSON message"
        )


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.parquet"))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:7.1f} ms"


def run(folder: Path, rows: int, rounds: int) -> list[str]:
    """Build what the folder does not hold yet, measure, report; returns the goals missed."""
    full, small = Shop(rows), Shop(rows // 4)
    stores = {
        full: open_store(str(folder / f"store-{full.rows}")),
        small: open_store(str(folder / f"store-{small.rows}")),
    }
    for shop, store in stores.items():
        if not Path(store.uri).exists():
            print(f"building {shop.rows:,} rows", flush=True)
            build(store, shop)
    plain = folder / f"plain-{full.rows}"
    if not plain.exists():
        build_plain(stores[full], plain)
    places = [
        Place("store", full, lambda: connect(stores[full]).connection),
        Place("plain Parquet", full, lambda: open_plain(plain)),
        Place("store, a quarter", small, lambda: connect(stores[small]).connection),
    ]
    with connect(stores[full]) as session:
        report_size(session, plain)
    measure(places, rounds)
    return list(report(places))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, default=5, help="rows to build (default 5)")
    parser.add_argument("--rounds", type=int, default=40, help="ids to ask for (default 40)")
    parser.add_argument("--folder", type=Path, help="keep the files there, or use those of an earlier run")
    parser.add_argument("--assert", action="store_true", dest="check", help="fail when a goal is missed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="regionscope-search-") as temporary:
        missed = run(arguments.folder or Path(temporary), int(arguments.millions * 1e6), arguments.rounds)
    for sentence in missed:
        print(f"goal missed: {sentence}", file=sys.stderr)
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
