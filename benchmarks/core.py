"""What the benchmarks of one core share: their arguments, and the core."""

from __future__ import annotations

import argparse
import os

import pyarrow as pa


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Repeats, seed, and whether a missed goal is an error (`insist`)."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--assert", action="store_true", dest="insist", help="fail if a goal is missed")
    return parser


def one() -> None:
    """From now on this process has one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
