"""The Lambda functions: `collect`, `fetch` and `receive_otlp` in each region, the others at the hub.

A package holds regionscope.toml beside the code; it is read at the first invocation, not at import.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import time_ns
from typing import Any
from urllib.parse import unquote_plus

import orjson

from collector.clients import Clients
from collector.forward import Forwarder
from collector.handler import Collector
from collector.moment import micros
from collector.otlp import gateway
from collector.otlp.intake import Intake
from infra import local, pulls
from infra.hub import prepare
from regionscope.config import Config, load
from store.commit import commit, sweep
from store.compact import compact
from store.layout import DataFile, data_file
from store.objects import Store, open_store

_FLUSH = 2.0  # seconds that forwarding may hold up an answer


def collect(event: Any, context: Any) -> dict[str, Any]:
    """Any of the triggers that collector/envelope.py knows."""
    with _forwarded():
        return _collector().collect(event)


def fetch(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """On a schedule: pull traces and metrics, poll state, run probes; `event["fetch"]` names some of these.

    `event["time"]` is the minute the run was scheduled for, as EventBridge tells it: all regions agree on it.
    """
    minute = (micros(event.get("time")) or time_ns() // 1000) // 60_000_000
    with _forwarded():
        pulled = pulls.pull(_config(), _collector(), _clients(), minute, *event.get("fetch", ()))
    return {
        "accounts": {kind: accounting.counts() for kind, accounting in pulled.accounts.items()},
        "problems": pulled.problems,
    }


def receive_otlp(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """OTLP/HTTP through a Function URL or API Gateway."""
    with _forwarded():
        return gateway.answer(_intake(), event)


def commit_segments(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """S3 notifications of new segments through SQS; a scheduled event, which has no records, sweeps.

    A message whose segments could not be committed is reported for redelivery.
    """
    store = _store()
    if "Records" not in event:
        return {"committed": len(sweep(store).committed)}
    segments = {record["messageId"]: _segments(store, record["body"]) for record in event["Records"]}
    result = commit(store, [file for files in segments.values() for file in files])
    failed = {failure.file for failure in result.failed}
    items = [item for item, files in segments.items() if failed.intersection(files)]
    return {
        "batchItemFailures": [{"itemIdentifier": item} for item in items],
        "committed": len(result.committed),
    }


def compact_tables(event: Any, context: Any) -> dict[str, Any]:
    """On a schedule."""
    result = compact(_store())
    return {"files_before": result.files_before, "files_after": result.files_after}


def _segments(store: Store, body: str) -> list[DataFile]:
    """The data files that an S3 notification tells of; other objects of the bucket are none."""
    prefix = store.uri.removeprefix("s3://").partition("/")[2]
    keys = [unquote_plus(record["s3"]["object"]["key"]) for record in orjson.loads(body).get("Records", ())]
    files = [data_file(key.removeprefix(f"{prefix}/") if prefix else key) for key in keys]
    return [file for file in files if file is not None]


def _log_to_stdout(name: str) -> None:
    """Write a room's log lines, which are JSON, as they are: Lambda takes stdout to CloudWatch Logs."""
    logger = logging.getLogger(name)
    logger.handlers = [logging.StreamHandler(sys.stdout)]
    logger.setLevel(logging.INFO)
    logger.propagate = False


@cache
def _config() -> Config:
    return load(Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / "regionscope.toml")


@cache
def _store() -> Store:
    return prepare(_config())


@cache
def _clients() -> Clients:
    return pulls.clients()


@cache
def _intake() -> Intake:
    return local.intake(_config(), _collector())


@cache
def _forwarder() -> Forwarder | None:
    return local.forwarder(_config())


@contextmanager
def _forwarded() -> Iterator[None]:
    """Lambda freezes the process once it has the answer: until then there is a moment to forward."""
    try:
        yield
    finally:
        if forward := _forwarder():
            forward.flush(_FLUSH)


@cache
def _collector() -> Collector:
    _log_to_stdout("collector")
    region, store = os.environ["AWS_REGION"], open_store(_config().store)
    return local.collector(_config(), store, region, forward=_forwarder())
