"""Log records, spans and events as rows of one kind, for timelines and traces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import inf

from queries.answers import Reader, Row
from queries.clocks import WINDOW
from queries.offsets import Clocks, clocks, only

AROUND = timedelta(microseconds=WINDOW)  # what happened so long before and after may matter
ERROR = 17  # OpenTelemetry severity number from which a record is an error


def log(row: Row) -> Row:
    """A row of `logs`."""
    title = (row["attributes"] or {}).get("message") or row["body"]
    return row | {
        "kind": "log",
        "title": title,
        "is_error": _failed(row, (row["severity_number"] or 0) >= ERROR),
    }


def span(row: Row) -> Row:
    """A row of `spans`. A duration that none can be is not known."""
    is_error = _failed(row, row["status_code"] == "ERROR")
    took = row["duration_ms"]
    about = {
        "title": row["name"],
        "body": row["status_message"],
        "is_error": is_error,
        "duration_ms": took if took is not None and 0 <= took < inf else None,
    }
    return row | {"kind": "span", "span_kind": row["kind"], **about}


def event(row: Row) -> Row:
    """A row of `events`."""
    return row | {"kind": "event", "service": row["subject"], "status_code": row["state"], "is_error": False}


def _failed(row: Row, said: bool) -> bool:
    """As the macro is_error(), of what a log record and a span have in common."""
    return said or (row["http_status"] or 0) >= 500 or row["error_type"] is not None


def clock_of(row: Row) -> str | None:
    """The clock that stamped a record: of its host if it says which, else of its region; none of an event."""
    if row["kind"] == "event" or row["region"] is None:
        return None
    host = (row["attributes"] or {}).get("host.id")
    return f"{row['region']}/{host}" if host else str(row["region"])


def clocks_of(reader: Reader, rows: Sequence[Row]) -> Clocks:
    """What is known of the clocks that stamped some records. Of one alone nothing has to be known."""
    found = {clock for row in rows if (clock := clock_of(row)) is not None}
    if len(found) == 1:
        return only(*found)
    times = [row["time"] for row in rows]
    return clocks(reader, min(times) - AROUND, max(times) + AROUND)


def waited(client: Row, server: Row) -> bool:
    """Whether a call got its answer, so that it ended after what it called."""
    return (client["span_kind"], server["span_kind"]) == ("CLIENT", "SERVER") and not client["is_error"]
