"""Service level indicators that SQL alone cannot give: sli_read_your_writes and sli_failover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from queries.answers import SINCE, UNTIL, Answer, Column, Parameter, Reader, Row, window
from queries.consistency.guarantees import DOUBTFUL, KEPT, NOTHING, VIOLATED, Guarantees
from queries.consistency.past import recent
from queries.settings import Settings
from queries.slo.windows import time_of

DAY = timedelta(days=1)
BEFORE, AFTER = timedelta(minutes=15), timedelta(minutes=45)  # around a sign its incident begins


def sli_read_your_writes(
    reader: Reader, settings: Settings, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """The verdicts of queries.consistency by minute and pair of regions, a day at a time."""
    start, end = window(since, until)
    while start < end:
        yield from _kept(reader, settings, start, min(start + DAY, end))
        start += DAY


def _kept(reader: Reader, settings: Settings, since: datetime, until: datetime) -> Iterator[Row]:
    past = recent(reader, settings, since, until)
    history = past.history
    verdicts = Guarantees(history, past.between, past.apart).read_your_writes()
    judged = verdicts.verdict != NOTHING
    reads = verdicts.reads[judged]
    columns = (
        history.ended[reads] // 60_000,
        verdicts.written_in[judged],
        history.served_by.codes[reads],
        verdicts.verdict[judged],
    )
    found, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    names = [*history.served_by.names, None]  # the last for the code -1
    for (minute, written_in, read_in, verdict), count in zip(found.tolist(), counts.tolist(), strict=True):
        yield {
            "minute": time_of(minute),
            "region": names[written_in],
            "target_region": names[read_in],
            "good": count if verdict == KEPT else 0,
            "valid": count if verdict in (KEPT, VIOLATED) else 0,
            "unknown": count if verdict == DOUBTFUL else 0,
        }


def sli_failover(
    reader: Reader, settings: Settings, figure: str, since: datetime | None, until: datetime | None
) -> Iterator[Row]:
    """The failovers of a span. They are looked for around signs only: to look through a month takes long."""
    if figure not in ("rto", "rpo"):
        raise ValueError(f"figure is {figure!r}: must be rto or rpo")
    signs = reader.rows("from failover_signs(since := $since, until := $until)", since=since, until=until)
    for start, end in _spans((sign["time"] for sign in signs), since, until or datetime.now(UTC)):
        for row in reader.rows("from failovers(since := $since, until := $until)", since=start, until=end):
            status = row[f"{figure}_status"]
            yield {
                "minute": row["started"].replace(second=0, microsecond=0),
                "region": row["from_region"],
                "target_region": row["to_region"],
                "good": int(status == "met"),
                "valid": int(status in ("met", "missed")),
                "unknown": int(status == "undetermined"),
            }


def _spans(
    times: Iterable[datetime], since: datetime | None, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """What is around the times, which are in order, within the window; without overlap."""
    start = end = None
    for time in times:
        if start is None or end is None or time - BEFORE > end:
            if start and end:
                yield start, end
            start = max(time - BEFORE, since) if since else time - BEFORE
        end = min(time + AFTER, until)
    if start and end:
        yield start, end


SLI_READ_YOUR_WRITES = Answer(
    name="sli_read_your_writes",
    doc=(
        "SLI: reads in the five minutes after their session's own write that showed it; see consistency().\n"
        "  since, until   first instant and the one after the last; default: the last hour\n"
        "Columns as of sli(); a minute may have several rows."
    ),
    parameters=(SINCE, UNTIL),
    columns=(
        Column("minute", "TIMESTAMPTZ", "minute in which the read ended"),
        Column("region", "VARCHAR", "region that wrote; null is unknown"),
        Column("target_region", "VARCHAR", "region that served the read"),
        Column("good", "BIGINT", "reads that showed the write"),
        Column("valid", "BIGINT", "those, and reads that did not"),
        Column("unknown", "BIGINT", "reads of which that is not known"),
    ),
    answer=sli_read_your_writes,
)

SLI_FAILOVER = Answer(
    name="sli_failover",
    doc=(
        "SLI: failovers, switchovers, outages and drills that met their objective, by when they began.\n"
        "  figure         rto or rpo\n"
        "  since, until   first instant and the one after the last; default: all times"
    ),
    parameters=(Parameter("figure", "VARCHAR"), SINCE, UNTIL),
    columns=(
        Column("minute", "TIMESTAMPTZ", "the minute in which it began"),
        Column("region", "VARCHAR", "region that was left"),
        Column("target_region", "VARCHAR", "region that took over; null if none did"),
        Column("good", "BIGINT", "1 if the objective was met"),
        Column("valid", "BIGINT", "1 if it is known to be met or missed"),
        Column("unknown", "BIGINT", "1 if it is not"),
    ),
    answer=sli_failover,
)
