"""How fast, and in how much memory, payloads become segments on one core, against merely opening them.

    python benchmarks/ingest.py [--repeats N] [--seed N] [--assert]

Times are CPU time, medians of interleaved repeats. With --assert a missed goal is an error.
"""

from __future__ import annotations

import argparse
import base64
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import core
import orjson
import payloads
import pyarrow as pa

from collector import reader, rows, shaper
from collector.handler import Collector
from store import segments
from store.objects import open_store
from store.zone import KINDS, Zone

PLAIN_GOAL, FULL_GOAL = 6, 12  # times the base, without and with redaction and fingerprints
MEMORY_GOAL = 512  # MB

OPEN = Zone("open")
CLOSED = Zone("eu", "pseudonym", KINDS, "env:REGIONSCOPE_KEY")

# The steps that are one function; the rest is what they leave of the whole.
STEPS: dict[str, tuple[Any, str]] = {
    "gunzip": (reader, "inflate"),
    "parse": (shaper, "parse"),
    "redact": (shaper, "redact"),
    "fingerprint": (shaper, "fingerprints"),
    "Arrow": (rows, "table"),
    "segment id": (rows, "identity"),
    "Parquet and PUT": (segments, "write"),
}
REST = "envelope, JSON, accounting"

Times = dict[str, float]  # CPU seconds by step, and of the whole


def main() -> None:
    parser = core.parser(__doc__)
    parser.add_argument("--event", type=Path, help=argparse.SUPPRESS)  # what the child process collects
    arguments = parser.parse_args()
    core.one()
    if arguments.event:
        print(_peak(arguments.event))
        return
    event, mix = payloads.batch(arguments.seed)
    records = [base64.b64decode(record["kinesis"]["data"]) for record in event["Records"]]
    size = sum(len(zlib.decompress(record, wbits=31)) for record in records)
    _print_mix(mix, len(records), len(orjson.dumps(event)), size)
    runs = _measured(event, records, mix.total(), arguments.repeats)
    _print_speed(runs, mix.total(), size)
    _print_steps(runs["everything on"], runs["base"], mix.total())
    memory = _memory(event)
    missed = _missed(runs, memory)
    if missed and arguments.insist:
        sys.exit("; ".join(missed))


def _measured(
    event: dict[str, Any], records: Sequence[bytes], events: int, repeats: int
) -> dict[str, list[Times]]:
    measures: dict[str, Callable[[], Times]] = {
        "base": lambda: _opened(records, orjson.loads),
        "base with the json of Python": lambda: _opened(records, json.loads),
        "plain": lambda: _collected(event, events, OPEN, fingerprints=False),
        "everything on": lambda: _collected(event, events, CLOSED, fingerprints=True),
    }
    for measure in measures.values():  # imports, caches and pools are not what is measured
        measure()
    runs: dict[str, list[Times]] = defaultdict(list)
    for _ in range(repeats):
        for name, measure in measures.items():
            gc.collect()
            runs[name].append(measure())
    return runs


def _opened(records: Sequence[bytes], loads: Callable[[bytes], Any]) -> Times:
    start = time.process_time()
    for record in records:
        loads(zlib.decompress(record, wbits=31))
    return {"total": time.process_time() - start}


def _collected(event: dict[str, Any], events: int, zone: Zone, fingerprints: bool) -> Times:
    """One invocation into a fresh local store."""
    spent: Times = defaultdict(float)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as patches:
        for step, (module, name) in STEPS.items():
            function = getattr(module, name) if fingerprints or step != "fingerprint" else _none
            patches.enter_context(mock.patch.object(module, name, _clocked(step, function, spent)))
        key = os.urandom(32)  # a new one, or the pseudonyms of the run before would still be known
        collector = Collector(payloads.REGION, open_store(folder), lambda _: zone, key_of=lambda _: key)
        start = time.process_time()
        answer = collector.collect(event)
        spent["total"] = time.process_time() - start
    if answer["batchItemFailures"] or answer["regionscope"]["stored"] != events:
        sys.exit(f"not everything was stored: {answer['regionscope']} of {events}")
    return spent


def _none(templates: pa.StringArray, _: pa.StringArray) -> list[None]:
    return [None] * len(templates)


def _clocked(step: str, function: Callable[..., Any], spent: Times) -> Callable[..., Any]:
    @wraps(function)
    def clocked(*arguments: Any) -> Any:
        start = time.process_time()
        try:
            return function(*arguments)
        finally:
            spent[step] += time.process_time() - start

    return clocked


def _ratio(runs: dict[str, list[Times]], name: str) -> float:
    return median(run["total"] / base["total"] for run, base in zip(runs[name], runs["base"], strict=True))


def _print_mix(mix: Counter[str], records: int, event: int, size: int) -> None:
    print(
        f"{mix.total():,} log events in {records} records: {event / 1e6:.1f} MB, unpacked {size / 1e6:.1f} MB"
    )
    for kind, count in mix.most_common():
        print(f"  {count / mix.total():6.1%}  {kind}")


def _print_speed(runs: dict[str, list[Times]], events: int, size: int) -> None:
    print(f"\n{'':32}{'events/s':>10}{'MB/s':>8}{'µs/event':>10}{'× base':>8}")
    for name, times in runs.items():
        seconds = median(run["total"] for run in times)
        print(
            f"{name:32}{events / seconds:10,.0f}{size / seconds / 1e6:8.1f}{seconds / events * 1e6:10.2f}"
            f"{_ratio(runs, name):8.2f}"
        )


def _print_steps(times: Sequence[Times], base: Sequence[Times], events: int) -> None:
    total = median(run["total"] for run in times)
    spent = {step: median(run[step] for run in times) for step in STEPS}
    spent[REST] = total - sum(spent.values())
    print("\neverything on, step by step")
    for step, seconds in spent.items():
        print(f"  {step:30}{seconds / events * 1e6:10.2f} µs/event{seconds / total:8.1%}")


def _memory(event: dict[str, Any]) -> int:
    """Peak of a fresh process that collects the event with everything on, in MB."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(orjson.dumps(event))
        file.flush()
        command = [sys.executable, __file__, "--event", file.name]
        child = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(child.stdout)


def _peak(path: Path) -> int:
    event = orjson.loads(path.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        collector = Collector(
            payloads.REGION, open_store(folder), lambda _: CLOSED, key_of=lambda _: bytes(32)
        )
        collector.collect(event)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == "darwin" else 2**10)


def _missed(runs: dict[str, list[Times]], memory: int) -> list[str]:
    goals = {
        "plain, × base": (_ratio(runs, "plain"), PLAIN_GOAL),
        "everything on, × base": (_ratio(runs, "everything on"), FULL_GOAL),
        "peak memory, MB": (memory, MEMORY_GOAL),
    }
    print()
    for name, (reached, goal) in goals.items():
        print(f"{name:32}{reached:10.1f}  goal ≤ {goal}: {'reached' if reached <= goal else 'MISSED'}")
    return [
        f"{name}: {reached:.1f}, goal {goal}" for name, (reached, goal) in goals.items() if reached > goal
    ]


if __name__ == "__main__":
    main()
