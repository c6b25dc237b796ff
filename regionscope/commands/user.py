"""Commands about one user or one request over all regions: timeline, trace, offsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from regionscope import output
from regionscope.commands.common import (
    AsJson,
    ConfigFile,
    Since,
    StoreUri,
    Until,
    open_session,
    print_rows,
    rows_of,
    window_of,
)

app = typer.Typer()

TIMELINE = ("#", "time", "±", "‖", "region", "kind", "service", "status", "error", "what")
OFFSETS = ("region", "host", "from", "to", "ahead", "±", "drift", "state", "reference")
WIDTH = 40  # characters of a waterfall's bars
LONGEST = 60  # characters of a waterfall's names
NAMES = 24  # characters of a timeline's services

_COLOURS = {"drifting": "red", "stepped": "red", "unsynchronised": "red", "unknown": "magenta"}


@app.command()
def timeline(
    user: Annotated[str, typer.Argument(help="The user as your application knows them, in the clear.")],
    errors: Annotated[bool, typer.Option("--errors", help="Errors, hops and events only.")] = False,
    since: Since = "24h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print what a user went through over all regions, in causal order."""
    with open_session(config, store) as session:
        rows = rows_of(session.timeline(user, **window_of(since, until)))
    shown = [row for row in rows if not errors or row["is_error"] or row["hop"] or row["kind"] == "event"]
    if as_json:
        output.print_json(shown)
    elif rows:
        output.print_table(list(_moments(shown)), TIMELINE)
        output.out.print(_summary(rows), markup=False)
    else:
        output.err.print(f"no record of this user since {since}")


def _moments(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of timeline() as the columns shown to people, with a line of its own before each hop."""
    for row in rows:
        if row["hop"]:
            yield dict.fromkeys(TIMELINE, "") | {"#": "↷", "time": row["hop"], "what": _behind(row)}
        known = row["corrected_time"] is not None
        yield {
            **row,
            "#": row["position"],
            "time": row["corrected_time"] if known else row["time"],
            "±": f"{row['bound_ms']:.0f}ms" if known else "?",
            "‖": _beside(row["concurrent_with"]),
            "service": _short(row["service"]),
            "status": row["http_status"] or row["status_code"] or row["severity_text"],
            "error": row["error_type"],
            "what": row["title"],
        }


def _behind(row: dict[str, Any]) -> str:
    if row["hop_lag_ms"] is None:
        return "not known how far behind"
    return f"{row['hop_layer']} {output.milliseconds(row['hop_lag_ms'])} behind"


def _short(service: str | None) -> str | None:
    return service if service is None or len(service) <= NAMES else service[: NAMES - 1] + "…"


def _beside(places: Sequence[int] | None) -> str:
    """Which rows may have happened the other way round, in short: `3`, or `3-7`."""
    if not places:
        return "" if places is not None else "?"
    return f"‖{places[0]}" if len(places) == 1 else f"‖{places[0]}-{places[-1]}"


def _summary(rows: Sequence[dict[str, Any]]) -> str:
    own = [row for row in rows if row["kind"] != "event"]
    hops = sum(row["hop"] is not None for row in rows)
    errors = sum(row["is_error"] for row in rows)
    regions = ", ".join(sorted({row["region"] for row in own if row["region"]}))
    counts = (
        output.counted(number, noun)
        for number, noun in ((len(own), "record"), (errors, "error"), (hops, "move"))
    )
    return f"{', '.join(counts)}; {regions}"


@app.command()
def trace(
    id: Annotated[str, typer.Argument(help="A trace id in any form, or a request id.")],
    logs: Annotated[bool, typer.Option("--logs/--no-logs", help="With what was logged in its spans.")] = True,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print the spans of a trace over all regions as a waterfall."""
    with open_session(config, store) as session:
        rows = rows_of(session.trace(id))
    shown = [row for row in rows if logs or row["kind"] != "log"]
    if as_json:
        output.print_json(shown)
    elif shown:
        for each in dict.fromkeys(row["trace_id"] for row in shown):
            _print_waterfall([row for row in shown if row["trace_id"] == each])
    else:
        output.err.print("no span and no record of this trace or request")


def _print_waterfall(rows: Sequence[dict[str, Any]]) -> None:
    first = rows[0]
    ends = [row["start_ms"] + (row["duration_ms"] or 0.0) for row in rows if row["kind"] != "log"]
    end = max([*ends, *(row["start_ms"] for row in rows)])
    regions = list(dict.fromkeys(row["region"] for row in rows if row["region"]))
    heading = ("trace", first["trace_id"], output.milliseconds(end), regions)
    output.out.print(Text(" ".join(map(output.plain, heading)), style="bold"))
    lines = [_line(row, end) for row in rows]
    widest = max(len(name) for name, _, _ in lines)
    for row, (name, bar, rest) in zip(rows, lines, strict=True):
        text = f"{name:{widest}}  {bar}  {rest}"
        output.out.print(Text(text.rstrip(), style=_style(row)))


def _line(row: dict[str, Any], end: float) -> tuple[str, str, str]:
    """What is shown of a row: its name, indented; its bar; times, region, errors and hop."""
    name = "  " * min(row["depth"], 12) + ("· " if row["kind"] == "log" else "") + _name(row)
    name = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
    bound = f" ±{output.milliseconds(row['bound_ms'])}" if row["bound_ms"] else ""
    bound = " ±?" if row["bound_ms"] is None and row["kind"] != "missing" else bound
    times = f"{row['start_ms']:9.1f}{bound}"
    if row["kind"] == "span":
        took = "in progress" if row["duration_ms"] is None else output.milliseconds(row["duration_ms"])
        own = f" (self {output.milliseconds(row['self_ms'])})" if row["self_ms"] is not None else ""
        times += f" {took}{own}"
    marks = [f"↷ {row['hop']}" if row["hop"] else row["region"], row["http_status"], row["error_type"]]
    return (
        name,
        _bar(row, end),
        " ".join([times, *(output.plain(mark) for mark in marks if mark is not None)]),
    )


def _name(row: dict[str, Any]) -> str:
    if row["kind"] != "span":
        return output.plain(row["title"])
    title = row["title"] if row["title"] != row["service"] else None
    return " ".join(output.plain(part) for part in (row["service"], title) if part)


def _bar(row: dict[str, Any], end: float) -> str:
    """Where in the trace it was: █ on the critical path, ░ else; ◆ a log record, ? what is missing."""
    scale = WIDTH / end if end > 0 else 0.0
    first = min(max(int(row["start_ms"] * scale), 0), WIDTH - 1)
    if row["kind"] != "span":
        return (" " * first + ("◆" if row["kind"] == "log" else "?")).ljust(WIDTH)
    if row["duration_ms"] is None:
        return (" " * first + "▒" * (WIDTH - first)).ljust(WIDTH)
    last = min(max(int((row["start_ms"] + row["duration_ms"]) * scale + 0.5), first + 1), WIDTH)
    return (" " * first + ("█" if row["critical"] else "░") * (last - first)).ljust(WIDTH)


def _style(row: dict[str, Any]) -> str:
    if row["is_error"] or row["kind"] == "missing":
        return "red" if row["is_error"] else "magenta"
    return "dim" if row["kind"] == "log" else ""


@app.command()
def offsets(
    since: Since = "1h",
    until: Until = None,
    config: ConfigFile = None,
    store: StoreUri = None,
    as_json: AsJson = False,
) -> None:
    """Print how far the clocks of regions and hosts are off, and whether they are sound."""
    with open_session(config, store) as session:
        rows = rows_of(session.offsets(**window_of(since, until)))
    nothing = f"no message between regions since {since}"
    print_rows(rows, OFFSETS, as_json, nothing, _offset, lambda row: _COLOURS.get(row["state"], ""))


def _offset(row: dict[str, Any]) -> dict[str, Any]:
    known = row["offset_ms"] is not None
    return {
        **row,
        "from": row["window_start"],
        "to": row["window_end"],
        "ahead": f"{row['offset_ms']:+.1f}ms" if known else None,
        "±": f"{row['bound_ms']:.1f}ms" if known else None,
        "drift": f"{row['drift_ppm']:+.0f}ppm" if row["drift_ppm"] is not None else None,
    }
