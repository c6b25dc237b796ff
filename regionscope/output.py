"""What the command line prints: tables for people on a terminal, JSON as a stable contract for programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

Row = Mapping[str, Any]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

# Log text is foreign: an escape sequence in it must not reach the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WIDEST = 120


def print_json(value: Any) -> None:
    """One JSON document on stdout: times are RFC 3339 in UTC, maps are objects, missing values null."""
    options = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
    out.file.write(orjson.dumps(value, default=str, option=options).decode())


def print_table(
    rows: Sequence[Row], columns: Sequence[str], colour: Callable[[Row], str] | None = None
) -> None:
    """Rows in aligned columns, one line each and never folded: to be read, searched and piped."""
    cells = [[plain(row.get(column)) for column in columns] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    out.print(Text(_line(columns, widths), style="bold"))
    for row, line in zip(rows, cells, strict=True):
        out.print(Text(_line(line, widths), style=(colour or style)(row)))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(cells, widths, strict=True)
    return "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in pairs).rstrip()


def style(row: Row) -> str:
    """Errors red, warnings yellow, by severity (OpenTelemetry numbers), HTTP status and error type."""
    severity, status = row.get("severity_number") or 0, row.get("http_status") or 0
    if severity >= 17 or status >= 500 or row.get("error_type"):
        return "red"
    return "yellow" if severity >= 13 or status >= 400 else ""


def plain(value: Any) -> str:
    """A value as one line of safe text."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value)
    line = " ".join(_CONTROL.sub("�", str(value).strip().partition("\n")[0]).split())
    return line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…"


def record(row: Row) -> dict[str, Any]:
    """A row of `logs` as the columns shown to people: the human message instead of the whole body."""
    message = (row.get("attributes") or {}).get("message") or row.get("body")
    level = row.get("severity_text") or severity_name(row.get("severity_number"))
    return {**row, "severity": level, "status": row.get("http_status"), "message": message}


def systems(states: Iterable[Row], now: datetime) -> list[Row]:
    """States of queries.systems as the columns shown to people: per region how long ago it was received.

    A system is named where its signals begin.
    """
    shown: list[Row] = []
    last = None
    for state in states:
        received = [f"{one['region']} {ago(now - one['received'])}" for one in state["received"]]
        name = "" if state["system"] == last else state["system"]
        last = state["system"]
        shown.append(
            {**state, "system": name, "received": received or None, "missing": state["missing"] or None}
        )
    return shown


def ago(age: timedelta) -> str:
    """An age in its largest unit: `12s`, `3m`, `5h`, `2d`."""
    seconds = max(int(age.total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def milliseconds(ms: float) -> str:
    """A duration in ms as people read it: `4.2ms`, `310ms`, `2.5s`."""
    if ms < 100:
        return f"{ms:.1f}ms"
    return f"{ms:.0f}ms" if ms < 1000 else f"{ms / 1000:.1f}s"


def severity_name(number: int | None) -> str | None:
    """The short name of an OpenTelemetry severity number (logs data model, SeverityNumber)."""
    return None if number is None else ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")[(number - 1) // 4]


def summary(rows: Iterable[Row]) -> str:
    """`12 records, 3 errors; eu-west-1 8, us-east-1 4`."""
    regions: dict[str, int] = {}
    total = errors = 0
    for row in rows:
        total += 1
        errors += style(row) == "red"
        regions[row["region"]] = regions.get(row["region"], 0) + 1
    where = ", ".join(f"{region} {count}" for region, count in sorted(regions.items()))
    counts = f"{counted(total, 'record')}, {counted(errors, 'error')}"
    return f"{counts}; {where}" if where else counts


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
