"""The answering side of echo probes: see the item, write the answer beside it."""

from __future__ import annotations

from dataclasses import replace

from collector.probes.probing import Job
from collector.probes.stamp import Echo, Stamp, echo_of
from collector.probes.target import Taken, Target
from collector.probes.watch import Clock, watch


def answer(job: Job, target: Target, clock: Clock) -> bool:
    """Wait in the reader's region for the item of the job and answer it; whether there was one to answer.

    The prober removes both items. Raises whatever the answer's write does.
    """
    start = clock.elapsed()
    watched = watch(
        lambda: target.read(job.key), lambda found: found.echo is None, clock, start, job.probe.timeout_s
    )
    if watched.found is None or watched.seen is None:
        return False
    now, sent = clock.elapsed(), clock.wall()
    missed = None if watched.missed is None else now - watched.missed
    echo = Echo(now - watched.seen, missed, watched.seen_at, sent)
    try:
        target.write(_answer(watched.found, echo))
    except Taken:
        return False
    return True


def _answer(item: Stamp, echo: Echo) -> Stamp:
    return replace(item, key=echo_of(item.key), echo=echo)
