"""How right the answers are: stories told by seed, collected, asked about, and compared with what really happened.

Every story is of one kind: a quiet day, or one incident of the demo. What an answer says is a finding, right or
wrong; a time, a duration or an offset also has its error. Printed per kind and measure: how many are right, of
how many, and the errors' median and worst. Every finding rests on the store alone, the truth on the simulation.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from demo import slis
from demo.aftermath import Aftermath
from demo.clocks import Clocks
from demo.incident import KINDS, Incident
from demo.requests import Request
from demo.shop import Parameters, simulate
from queries import Session, connect
from regionscope.tour import collect, set_up

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
STORIES = ("quiet", *KINDS)
FAILOVERS = ("region_outage", "aurora_switchover", "aurora_failover", "gameday")
BIN = 60.0  # seconds: the bins of the traffic of a shop with fewer than 600 requests a minute
TIMELINES = 5  # users whose timelines are looked at in each story

# What explain may say first of a failure with this cause; more than one where the cause itself is one of two.
EXPLAINED = {
    "code": {"code", "new_fingerprint"},
    "stale_read": {"stale_read"},
    "lost_update": {"lost_update"},
    "local_only": {"local_only"},
    "dependency_timeout": {"dependency"},
    "throttled": {"throttling"},
    "region_outage": {"regional_outage", "failover"},
    "failover": {"failover"},
    "bad_deployment": {"deployment"},
}


@dataclass(frozen=True)
class Finding:
    """Whether one thing that was answered is right, and how far it is off, if it is a quantity."""

    measure: str
    right: bool
    error: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Story:
    """What was told, and a session over what the collectors made of it."""

    kind: str
    parameters: Parameters
    incidents: tuple[Incident, ...]
    clocks: Clocks
    requests: tuple[Request, ...]
    aftermaths: tuple[Aftermath, ...]
    session: Session

    @property
    def window(self) -> dict[str, datetime]:
        """Until some minutes after the end: what was late is in."""
        return {"since": self.parameters.start, "until": self.parameters.end + timedelta(minutes=5)}

    @cached_property
    def failed(self) -> dict[str, Request]:
        """The failed requests by each of their ids, as far as anything of them was logged."""
        return {id: request for request in self.requests if request.failed for id in _ids(request)}

    def rows(self, answer: str, **arguments: Any) -> list[dict[str, Any]]:
        return _rows(getattr(self.session, answer)(**arguments))

    def rows_of(self, macro: str) -> list[dict[str, Any]]:
        query = f"from {macro}(since := $since::timestamptz, until := $until::timestamptz)"
        return _rows(self.session.sql(query, self.window))


def _rows(relation: Any) -> list[dict[str, Any]]:
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def _ids(request: Request) -> Iterator[str]:
    yield request.request_id
    yield request.trace_id.replace("1-", "", 1).replace("-", "")
    if request.invocation:
        yield request.invocation.request_id


def incidents_found(story: Story) -> Iterator[Finding]:
    """Each failover or outage of the story is one incident of the answer, and there are no others."""
    true = [one for one in story.incidents if _is_failover(one)]
    found = [row for row in story.rows("failovers", **story.window) if row["kind"] != "drill"]
    matched = {one.id: [row for row in found if _same(one, row)] for one in true}
    for one in true:
        yield Finding(f"{one.kind}: found", bool(matched[one.id]))
    for row in found:
        yield Finding("failovers: true", any(row in rows for rows in matched.values()))
    if not found:
        yield Finding("failovers: none on a day without", not true)


def _is_failover(one: Incident) -> bool:
    return one.kind in ("region_outage", "aurora_switchover", "aurora_failover")


def _same(one: Incident, row: dict[str, Any]) -> bool:
    near = one.start - 120 <= row["started"].timestamp() <= one.end + 300
    return near and row["from_region"] in (one.region, None)


def times_right(story: Story) -> Iterator[Finding]:
    """Of each incident that was found: RTO within a bin of the truth, and the writes that were lost."""
    rows = [row for row in story.rows("failovers", **story.window) if row["kind"] != "drill"]
    for after in story.aftermaths:
        row = next((row for row in rows if _is_failover(after.incident) and _same(after.incident, row)), None)
        if row is None:
            continue
        true = after.record(story.clocks)
        kind = after.incident.kind
        for name in ("rto_s", "write_rto_s"):
            if true[name] is not None and row[name] is not None:
                error = abs(row[name] - true[name])
                yield Finding(f"{kind}: {name} within a bin", error <= BIN, error, "s")
            elif true[name] is not None:
                yield Finding(f"{kind}: {name} known", False)
        if kind == "aurora_failover":
            for name in ("lost", "delayed"):
                error = abs((row[f"rpo_{name}"] or 0) - len(true[name]))
                yield Finding(f"{kind}: {name} writes exact", not error, error, "writes")


def offsets_held(story: Story) -> Iterator[Finding]:
    """The true offset between two clocks is within the bound, whenever one is given for sound clocks."""
    for row in story.rows("offsets", **story.window):
        if row["offset_ms"] is None or row["region"] == row["reference"]:
            continue
        middle = (row["window_start"].timestamp() + row["window_end"].timestamp()) / 2
        true = story.clocks.offset(row["region"], middle) - story.clocks.offset(row["reference"], middle)
        error = abs(row["offset_ms"] - true * 1000)
        yield Finding("offsets: inside the bound", error <= row["bound_ms"] + 1e-6, error, "ms")


def order_kept(story: Story) -> Iterator[Finding]:
    """Of two records of a user, the one that is shown first without a doubt really came first."""
    counts = Counter(request.user.id for request in story.requests if request.failed)
    for user, _ in counts.most_common(TIMELINES):
        shown = [
            (row["position"], set(row["concurrent_with"] or ()), _true_time(story, row))
            for row in story.rows("timeline", user=user, **story.window)
            if row["kind"] != "event" and row["concurrent_with"] is not None
        ]
        wrong = sum(
            later < earlier - 0.001  # what is stamped in milliseconds may be a millisecond off
            for number, (position, doubtful, earlier) in enumerate(shown)
            for other, _, later in shown[number + 1 :]
            if other not in doubtful and other != position
        )
        yield Finding("timeline: order is the true one", not wrong)


def _true_time(story: Story, row: dict[str, Any]) -> float:
    stamped: float = row["time"].timestamp()
    return stamped - story.clocks.offset(row["region"], stamped)


def explained(story: Story) -> Iterator[Finding]:
    """The first reason of each failed request is its cause."""
    for row in story.rows("explain", **story.window):
        request = story.failed.get(row["request_id"]) or story.failed.get(row["trace_id"])
        if request is None or request.failure is None:
            continue  # a line that is an error of its own, or of a request that went well in the end
        cause = request.failure.cause
        yield Finding(f"explain: {cause}", row["reason"] in EXPLAINED[cause])


def availability_equal(story: Story) -> Iterator[Finding]:
    """Good and valid requests of each minute and region, by the indicator and in truth."""
    true = slis.availability(story.requests, story.clocks)
    for row in story.rows_of("sli_availability"):
        count = true.get((row["region"], int(row["minute"].timestamp())), slis.Count())
        yield Finding("SLI availability: equal", (row["good"], row["valid"]) == (count.good, count.valid))


CHECKS = (incidents_found, times_right, offsets_held, order_kept, explained, availability_equal)


def told(seed: int, minutes: float, rate: float) -> tuple[str, list[Finding]]:
    """One story: its kind, and what was found of it."""
    kind = STORIES[seed % len(STORIES)]
    incidents: Any = "none" if kind == "quiet" else (kind,)
    parameters = Parameters(seed, START, timedelta(minutes=minutes), rate, incidents)
    with tempfile.TemporaryDirectory(prefix="regionscope-truth-") as folder:
        stage = set_up(Path(folder) / "demo")
        simulation = simulate(parameters)
        collect(stage, simulation, lambda time: None)
        requests = tuple(simulation.requests())
        aftermaths = tuple(Aftermath(incident) for incident in simulation.incidents)
        for request in requests:
            for aftermath in aftermaths:
                aftermath.observe(request)
        configured = stage.config.configured()
        with connect(configured.store, configured.zones, settings=configured.settings) as session:
            story = Story(
                kind, parameters, simulation.incidents, simulation.clocks, requests, aftermaths, session
            )
            return kind, [finding for check in CHECKS for finding in _found(check, story)]


def _found(check: Any, story: Story) -> Iterator[Finding]:
    try:
        yield from check(story)
    except Exception:  # noqa: BLE001 - an answer that fails is wrong
        traceback.print_exc()
        yield Finding(f"{check.__name__}: answered", False)


def table(findings: Iterable[tuple[str, Finding]]) -> Iterator[str]:
    by_measure: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for kind, finding in findings:
        by_measure[finding.measure, kind].append(finding)
        by_measure[finding.measure, "all"].append(finding)
    for (measure, kind), some in sorted(
        by_measure.items(), key=lambda item: (item[0][0], item[0][1] != "all", item[0][1])
    ):
        right = sum(finding.right for finding in some)
        errors = [
            finding.error for finding in some if finding.error is not None and not math.isnan(finding.error)
        ]
        spread = (
            f"  error: median {statistics.median(errors):.1f}, worst {max(errors):.1f} {some[0].unit}"
            if errors
            else ""
        )
        yield f"{measure:45} {kind:20} {right:6} of {len(some):6}  {right / len(some):8.2%}{spread}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=26, help="how many stories")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", choices=STORIES, action="append", help="kinds of stories to tell")
    parser.add_argument("--minutes", type=float, default=30.0, help="length of a story")
    parser.add_argument("--rate", type=float, default=10.0, help="requests per second")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    seeds = [
        seed
        for seed in range(asked.first, asked.first + asked.seeds)
        if not asked.only or STORIES[seed % len(STORIES)] in asked.only
    ]
    began, findings = time.monotonic(), []
    with ProcessPoolExecutor(asked.processes) as pool:
        for number, (kind, found) in enumerate(
            pool.map(partial(told, minutes=asked.minutes, rate=asked.rate), seeds), 1
        ):
            findings += [(kind, finding) for finding in found]
            print(f"{number} of {len(seeds)} stories, {time.monotonic() - began:.0f} s", file=sys.stderr)
    for line in table(findings):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
