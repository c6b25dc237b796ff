"""What tests do in child processes: a step of the store's work, ended at a chosen point, or many at once."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from locations import Location
from store_rows import START, Row, deliver

from store import commit, compact, objects, retention, tables
from store.objects import Store
from store.schema import LOGS, Table

KILLED = 9  # exit code of a child that reached the point where it was to end
LATER = START + timedelta(days=3)
VERY_LATE = START + timedelta(days=400)

context: ForkServerContext = multiprocessing.get_context("forkserver")
# What takes long to import; the server of the forks does not find the modules of the tests.
context.set_forkserver_preload(["store.compact", "store.retention", "store.segments"])

ACTS: dict[str, Callable[[Store], object]] = {
    "sweep": commit.sweep,
    "compact": lambda store: compact.compact(store, LATER),
    "vacuum": lambda store: retention.vacuum(store, after=timedelta(0)),
    "expire": lambda store: retention.expire(store, {"logs": {"eu-west-1": 30}}, VERY_LATE),
}

POINTS: dict[str, tuple[Any, str]] = {
    "segment put": (objects.Store, "put_new"),
    "part put": (objects.Store, "put"),
    "table change": (tables, "change"),
    "deletion": (objects.Store, "delete"),
}


def start(target: Callable[..., object], *arguments: object) -> ForkServerProcess:
    child = context.Process(target=target, args=arguments)
    child.start()
    return child


def finish(*children: ForkServerProcess) -> list[int | None]:
    """The exit codes of the children, once they have ended."""
    for child in children:
        child.join(60)
        shutil.rmtree(_scratch(child.pid), ignore_errors=True)
    return [child.exitcode for child in children]


def act_until(location: Location, act: str, when: str, point: str) -> None:
    """Do a step of the store's work and end, without any cleaning up, before, at or after the point."""
    _end_at(when, point)
    ACTS[act](location.open())


def deliver_until(location: Location, rows: list[Row], when: str, point: str) -> None:
    _end_at(when, point)
    deliver(location.open(), rows)


def _scratch(pid: int | None) -> Path:
    """The temporary folder of a child that ends without cleaning up; its parent does."""
    return Path(tempfile.gettempdir()) / f"store-child-{pid}"


def _end_at(when: str, point: str) -> None:
    scratch = _scratch(os.getpid())
    scratch.mkdir()
    tempfile.tempdir = str(scratch)
    owner, name = POINTS[point]
    real = getattr(owner, name)

    def fatal(*arguments: Any, **options: Any) -> None:
        if when == "after":
            real(*arguments, **options)
        if when == "half way through":  # only a deletion has several steps
            store, paths = arguments
            real(store, sorted(paths)[:1])
        os._exit(KILLED)

    setattr(owner, name, fatal)


def deliver_and_commit(location: Location, deliveries: list[list[Row]], table: Table = LOGS) -> None:
    """Deliver and commit, one after the other."""
    store = location.open()
    for rows in deliveries:
        commit.commit(store, deliver(store, rows, table=table))


def compact_times(location: Location, times: int) -> None:
    store = location.open()
    for _ in range(times):
        compact.compact(store, LATER)
