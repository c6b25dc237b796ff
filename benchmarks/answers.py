"""How long every macro and answer takes for one day of a store of N million log records over seven days.

The store is that of benchmarks/search.py, with spans, metrics, events and probes in proportion
(benchmarks/signals.py). Each question is asked of one day in the middle: first of a connection that has read
nothing yet (cold), then again and again of that connection (warm). Goal: a second.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import signals
from search import DAYS, LATER, REGIONS, Shop, build

from queries import Session, connect
from queries.macros import in_order
from store.compact import compact
from store.objects import Store, open_store
from store.schema import TABLES

GOAL = 1.0  # seconds
SLO = "availability"  # one of slos/
DAY = datetime.combine(DAYS[2], datetime.min.time(), UTC)


@dataclass(frozen=True)
class Cost:
    """Seconds of the first call and of each later one, seconds of CPU of a later one; what the first read."""

    name: str
    cold: float
    warm: tuple[float, ...]
    cpu: float
    rows: int
    files: int
    bytes: int

    @property
    def median(self) -> float:
        return statistics.median(self.warm)


def prepare(folder: Path, shop: Shop) -> Store:
    """The store in the folder, built if it is not there yet; it may hold the logs of benchmarks/search.py."""
    store = open_store(str(folder / f"store-{shop.rows}"))
    if not Path(store.uri).exists():
        print(f"building {shop.rows:,} log records", flush=True)
        build(store, shop)
    with connect(store) as session:
        complete = session.sql("select count(*) > 0 from spans").fetchall()[0][0]
    if not complete:
        signals.add(store, DAYS, REGIONS)
        assert not compact(store, now=LATER).failed
    return store


def calls(session: Session) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The name of each macro and answer that can be asked of a day, its call, and the values in it."""
    known = arguments(session)
    inner = {macro.name for macro in in_order() if macro.inner}
    for name, parameters, _ in session.macros().fetchall():
        if name in inner or not {"since", "at"} & set(parameters):
            continue
        given = {each: known[each] for each in parameters if each in known}
        if "user" in given:  # explain() takes either
            given.pop("id", None)
        yield name, f"from {name}({', '.join(f'{each} := ${each}' for each in given)})", given


def arguments(session: Session) -> dict[str, Any]:
    """What is asked, by the name of the parameter: of a user who had an error on that day, of its request."""
    span = {"since": DAY, "until": DAY + timedelta(days=1)}
    user, id = session.sql(
        "select user_id, request_id from logs "
        "where error_type is not null and user_id is not null and within(time, day, $since, $until) limit 1",
        span,
    ).fetchall()[0]
    limits = {"of_layer": "session", "limit_ms": 1000, "limit_s": 60, "name": SLO, "figure": "rto"}
    return {"user": user, "id": id, "at": span["until"], **span, **limits}


def measure(store: Store, name: str, call: str, given: dict[str, Any], rounds: int) -> Cost:
    """A new connection reads nothing that another one has kept; what the operating system has kept, it may."""
    with connect(store) as session:
        session.connection.execute("call enable_logging('FileSystem')")
        cold, rows = _ask(session, call, given)
        session.connection.execute("call disable_logging()")
        files, read = _read(session.connection)
        used = time.process_time()
        warm = tuple(_ask(session, call, given)[0] for _ in range(rounds))
        cpu = (time.process_time() - used) / rounds
    return Cost(name, cold, warm, cpu, rows, files, read)


def _ask(session: Session, call: str, given: dict[str, Any]) -> tuple[float, int]:
    """Seconds until all rows of the answer are there, and how many they are."""
    started = time.perf_counter()
    rows = session.sql(call, given).to_arrow_table().num_rows
    return time.perf_counter() - started, rows


def _read(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    found = connection.execute(
        "select count(distinct path), coalesce(sum(bytes) filter (op = 'READ'), 0)::bigint "
        "from duckdb_logs_parsed('FileSystem') where path like '%.parquet'"
    ).fetchone()
    assert found
    return found


def run(store: Store, rounds: int, only: list[str]) -> list[str]:
    """Print what each costs; returns a sentence for each that is slower than the goal."""
    with connect(store) as session:
        sizes = [
            f"{session.sql(f'select count(*) from {table}').fetchall()[0][0]:,} {table}" for table in TABLES
        ]
        print(f"{', '.join(sizes)}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        asked = [each for each in calls(session) if not only or each[0] in only]
    print(f"{'':22}{'median':>9}{'worst':>9}{'cold':>9}{'CPU':>9}{'rows':>10}{'files':>7}{'read':>11}")
    slow = []
    for name, call, given in asked:
        cost = measure(store, name, call, given, rounds)
        print(
            f"{name:22}{_ms(cost.median)}{_ms(max(cost.warm))}{_ms(cost.cold)}{_ms(cost.cpu)}"
            f"{cost.rows:>10,}{cost.files:>7}{cost.bytes / 1e6:>8.1f} MB",
            flush=True,
        )
        if cost.median > GOAL:
            slow.append(f"{name} takes {cost.median:.1f} s for one day (goal {GOAL:g} s)")
    return slow


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:6.0f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, default=5, help="log records to build (default 5)")
    parser.add_argument("--rounds", type=int, default=5, help="how often to ask (default 5)")
    parser.add_argument("--folder", type=Path, help="keep the store there, or use that of an earlier run")
    parser.add_argument("--only", nargs="*", default=[], help="names of macros; default all")
    parser.add_argument("--assert", action="store_true", dest="check", help="fail when a goal is missed")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="regionscope-answers-") as temporary:
        store = prepare(chosen.folder or Path(temporary), Shop(int(chosen.millions * 1e6)))
        slow = run(store, chosen.rounds, chosen.only)
    for sentence in slow:
        print(f"goal missed: {sentence}", file=sys.stderr)
    return 1 if slow and chosen.check else 0


if __name__ == "__main__":
    sys.exit(main())
