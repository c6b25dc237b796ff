"""Where a user went from one region to another, and how far the data was behind there at that moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from queries.answers import Reader, Row

RECENT = timedelta(minutes=15)  # a measurement older than this says nothing of now
LAGS = "from lag_between(since := $since, until := $until)"


def hops(reader: Reader, rows: Sequence[Row]) -> Mapping[int, Row]:
    """The moves in a timeline's rows: by place the columns hop, hop_lag_ms and hop_layer.

    A call from one region to another is no move: what counts is where each request was taken.
    """
    moves = list(_moves(rows))
    if not moves:
        return {}
    times = [rows[place]["time"] for place, _, _ in moves]
    lags = reader.rows(LAGS, since=min(times) - RECENT, until=max(times))
    return {
        place: {"hop": f"{came} → {went}", **_lag(lags, came, went, rows[place]["time"])}
        for place, came, went in moves
    }


def _moves(rows: Sequence[Row]) -> Iterator[tuple[int, str, str]]:
    came = None
    requests = [_request(place, row) for place, row in enumerate(rows)]
    taken = _regions(zip(requests, rows, strict=True))
    for place, request in enumerate(requests):
        went = taken.pop(request, None)
        if went and came and went != came:
            yield place, came, went
        came = went or came


def _regions(records: Iterable[tuple[str, Row]]) -> dict[str, str]:
    """Where each request was taken: the region of its first record that names the user, or of its first."""
    named: dict[str, str] = {}
    first: dict[str, str] = {}
    for request, row in records:
        if request and row["region"]:
            first.setdefault(request, row["region"])
            if row["user_id"] is not None:
                named.setdefault(request, row["region"])
    return first | named


def _request(place: int, row: Row) -> str:
    """What tells requests apart; a record that names none is one by itself, and an event is of none."""
    return "" if row["kind"] == "event" else row["trace_id"] or row["request_id"] or str(place)


def _lag(lags: Iterable[Row], came: str, went: str, time: datetime) -> Row:
    """The last measurements before a time, of the session layer if there are any, else of the worst layer."""
    last: dict[tuple[str, str], Row] = {}
    for lag in lags:
        if (lag["source_region"], lag["target_region"]) == (came, went) and time - RECENT < lag[
            "time"
        ] <= time:
            last[lag["layer"], lag["source"]] = lag
    known = [lag for lag in last.values() if lag["lag_ms"] is not None]
    chosen = [lag for lag in known if lag["layer"] == "session"] or known
    if not chosen:
        return {}
    worst = max(chosen, key=lambda lag: float(lag["lag_ms"]))
    return {"hop_lag_ms": worst["lag_ms"], "hop_layer": worst["layer"]}
