"""The report of one incident or GameDay: what moved when, who was hit, what was lost, by which objective."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from queries.answers import Reader, Row
from queries.report import svg
from queries.report.page import Figure, Report
from store.engine import quote

NEAR = timedelta(minutes=10)  # an incident may start so much earlier or later once more is known of it
MARGIN = timedelta(minutes=5)  # shown before and after it
SILENCE = timedelta(minutes=3)  # after which a curve of what is measured by the minute is broken
MOST = 200  # curves are of so many periods at most
PERIODS = (10, 60, 300, 900, 3600)  # seconds

STEPS = (
    ("t_decide", "decided"),
    ("t_impact", "users hit"),
    ("t_detect", "detected"),
    ("t_fence", "last write of the old region"),
    ("t_promote", "first write of the new region"),
    ("t_traffic", "traffic moved"),
    ("t_recover", "users served again"),
)


def report(reader: Reader, id: str, since: datetime | None, until: datetime | None) -> Report:
    """The report of the incident with this id. Raises LookupError if there is none in the span.

    Without a span it is looked for around the time that its id names.
    """
    named = _time_in(id)
    if named is not None:
        since, until = since or named - NEAR, until or named + NEAR
    source = f"failovers(since := {_sql(since)}, until := {_sql(until)})"
    row = _find(reader.rows(f"from {source}"), id, named)
    return _Writing(reader, row, f"{source} where id = {quote(row['id'])}").report()


def _time_in(id: str) -> datetime | None:
    found = re.search(r"-(\d{8}T\d{6}Z)$", id)
    return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None


def _find(rows: Sequence[Row], id: str, named: datetime | None) -> Row:
    """The incident itself, or the nearest of the same place: its start may be known better by now."""
    place = id.rpartition("-")[0]
    alike = [row for row in rows if row["id"] == id or (named and row["id"].rpartition("-")[0] == place)]
    if not alike:
        known = ", ".join(row["id"] for row in rows) or "none"
        raise LookupError(f"no incident {id!r} there; known: {known}")
    return min(alike, key=lambda row: abs(row["started"] - (named or row["started"])))


class _Writing:
    """The figures of one incident, each with the query it was made from."""

    def __init__(self, reader: Reader, row: Row, source: str) -> None:
        self.reader = reader
        self.row = row
        self.source = source
        steps = (row[name] for name in ("started", "ended", *(name for name, _ in STEPS)))
        times = [time for time in steps if time]
        self.window = min(times) - MARGIN, max(times) + MARGIN
        self.marked = (row["t_impact"], row["t_recover"]) if row["t_impact"] and row["t_recover"] else None
        length = (self.window[1] - self.window[0]).total_seconds()
        self.period = next((each for each in PERIODS if length / each <= MOST), PERIODS[-1])

    def report(self) -> Report:
        row = self.row
        ways = " → ".join(filter(None, (row["from_region"], row["to_region"]))) or "no region is known"
        what = "Drill" if row["kind"] == "drill" else f"{row['kind'].capitalize()} of {row['layer']}"
        known = [row["state"], "open" if row["open"] else "over", *(["a drill"] if row["drill"] else [])]
        lead = f"{row['started']:%Y-%m-%d %H:%M:%S} UTC, {', '.join(known)}."
        figures = [figure for figure in self._figures() if figure]
        return Report(f"{what}: {ways}", lead, self._facts(), figures)

    def _facts(self) -> list[tuple[str, Any]]:
        row = self.row
        lost = None if row["rpo_lost"] is None else f"{row['rpo_lost']} lost, {row['rpo_delayed']} delayed"
        return [
            ("Incident", row["id"]),
            ("Services", ", ".join(row["services"]) or "all, or not known"),
            ("Started", row["started"]),
            ("Ended", row["ended"]),
            ("RTO", f"{_measured(row, 'rto')}, {row['rto_status']}"),
            ("RPO", f"{_measured(row, 'rpo')}, {row['rpo_status']}"),
            ("Writes", lost),
            ("Users with a failed request", row["users_affected"]),
        ]

    def _figures(self) -> Iterator[Figure | None]:
        yield self._objectives()
        yield self._steps()
        yield self._traffic()
        yield self._errors()
        yield self._lag()
        yield self._users()
        yield self._writes()
        yield self._evidence()

    def _objectives(self) -> Figure:
        row = self.row
        rows = [
            ("RTO", _measured(row, "rto"), f"{row['rto_objective_s']:g} s", row["rto_status"]),
            ("RPO", _measured(row, "rpo"), f"{row['rpo_objective_s']:g} s", row["rpo_status"]),
            ("Time to detect", _measured(row, "ttd"), None, None),
            ("Time without a writer", _measured(row, "write_rto"), None, None),
            ("RPO by replication lag (estimate)", _seconds(row["rpo_estimate_s"]), None, None),
            ("Error minutes", row["error_minutes"], None, None),
            ("Bad minutes", row["bad_minutes"], None, None),
        ]
        query = (
            "select rto_s, rto_bound_s, rto_objective_s, rto_status, rpo_s, rpo_bound_s, rpo_objective_s, "
            "rpo_status, ttd_s, write_rto_s, rpo_estimate_s, error_minutes, bad_minutes"
        )
        columns = ("", "measured", "objective", "")
        return Figure("Objectives", "", columns=columns, rows=rows, sql=f"{query}\nfrom {self.source}")

    def _steps(self) -> Figure:
        row = self.row
        known = [(name, row[column], row[f"{column}_bound_s"]) for column, name in STEPS if row[column]]
        known.sort(key=lambda step: step[1])
        return Figure(
            "Timeline",
            "When each step happened; the bar is its error bound. Shaded: while users were hit.",
            svg.moments(known, self.window, self.marked) if known else "",
            ("step", "time", "±"),
            [(name, time, _seconds(bound)) for name, time, bound in known],
            f"select {', '.join(f'{column}, {column}_bound_s' for column, _ in STEPS)}\nfrom {self.source}",
        )

    def _counted(self, columns: str) -> tuple[str, list[Row]]:
        """Of the traffic by period and region: the query, and its rows."""
        query = (
            f"select to_timestamp(bin * {self.period}) as time, region, {columns}\n"
            f"from traffic({self.period}, since := {_sql(self.window[0])}, until := {_sql(self.window[1])})\n"
            "group by time, region\norder by time, region"
        )
        return query, self.reader.rows(query)

    def _traffic(self) -> Figure | None:
        query, rows = self._counted("sum(requests)::bigint as requests")
        totals: dict[datetime, int] = {}
        for row in rows:
            totals[row["time"]] = totals.get(row["time"], 0) + row["requests"]
        curves = {
            region: [(time, 100 * requests.get(time, 0) / total) for time, total in sorted(totals.items())]
            for region, requests in _by_region(rows, "requests").items()
        }
        text = "Share of the requests that each region answered."
        return self._curves("Traffic by region", text, curves, query, "%")

    def _errors(self) -> Figure | None:
        query, rows = self._counted("sum(failed)::bigint as failed, sum(requests)::bigint as requests")
        failed, times = _by_region(rows, "failed"), sorted({row["time"] for row in rows})
        curves = {
            region: [
                (time, 100 * failed[region][time] / count[time] if time in count else None) for time in times
            ]
            for region, count in _by_region(rows, "requests").items()
        }
        text = "Share of each region's requests that were answered with 5xx."
        return self._curves("Errors by region", text, curves, query, "%")

    def _lag(self) -> Figure | None:
        regions = [region for region in (self.row["from_region"], self.row["to_region"]) if region]
        if not regions:
            return None
        ours = " and ".join(f"{quote(region)} in (source_region, target_region)" for region in regions)
        query = (
            "select time, layer, source_region, target_region, source, lag_ms / 1000 as lag_s\n"
            f"from lag_between(since := {_sql(self.window[0])}, until := {_sql(self.window[1])})\n"
            f"where lag_ms is not null and {ours}\norder by time"
        )
        curves: dict[str, list[tuple[datetime, float | None]]] = {}
        for row in self.reader.rows(query):
            name = f"{row['layer']} {row['source_region']} → {row['target_region']} ({row['source']})"
            points = curves.setdefault(name, [])
            if points and row["time"] - points[-1][0] > SILENCE:
                points.append((row["time"], None))
            points.append((row["time"], row["lag_s"]))
        slowest = sorted(curves, key=lambda name: -max(lag or 0 for _, lag in curves[name]))[: svg.COLOURS]
        text = "How far the replication between the regions was behind, as measured; the slowest ways."
        return self._curves("Replication lag", text, {name: curves[name] for name in slowest}, query, " s")

    def _curves(
        self, title: str, text: str, curves: Mapping[str, svg.Points], query: str, unit: str
    ) -> Figure | None:
        drawn = svg.curves(curves, self.window, self.marked, unit)
        rows = [(name, min(values), max(values)) for name, values in _values(curves)]
        columns = ("", f"least{unit and f' ({unit.strip()})'}", "most")
        return Figure(title, text, drawn, columns, rows, query) if drawn else None

    def _users(self) -> Figure | None:
        if self.marked is None:
            return None
        query = (
            "select region, count(distinct user_id) as users, count(*) as requests\n"
            f"from served(since := {_sql(self.marked[0])}, until := {_sql(self.marked[1])})\n"
            "where failed\ngroup by region\norder by users desc"
        )
        rows = [tuple(row.values()) for row in self.reader.rows(query)]
        text = "Users with a failed request while users were hit, by the region that answered."
        return Figure("Users hit", text, columns=("region", "users", "failed requests"), rows=rows, sql=query)

    def _writes(self) -> Figure | None:
        row = self.row
        if row["rpo_lost"] is None:
            return None
        rows = [
            (
                "lost",
                row["rpo_lost"],
                "never appeared, or were overwritten without having been seen",
            ),
            ("delayed", row["rpo_delayed"], "were missing after the promotion, and appeared later"),
            ("unknown", row["rpo_unknown"], "nobody has looked at since"),
        ]
        query = f"select rpo_lost, rpo_delayed, rpo_unknown, rpo_s, rpo_bound_s\nfrom {self.source}"
        text = "Writes that the old region acknowledged, by the versions in the application's logs."
        return Figure("Writes", text, columns=("", "writes", ""), rows=rows, sql=query)

    def _evidence(self) -> Figure:
        rows = [
            (sign["time"], sign["kind"], sign["what"], f"select * from {sign['row']}")
            for sign in self.row["evidence"]
        ]
        query = f"select unnest(evidence, recursive := true)\nfrom {self.source}"
        return Figure("Evidence", "", columns=("time", "kind", "what", "rests on"), rows=rows, sql=query)


def _by_region(rows: Sequence[Row], column: str) -> dict[str, dict[datetime, int]]:
    found: dict[str, dict[datetime, int]] = {}
    for row in rows:
        found.setdefault(row["region"], {})[row["time"]] = row[column]
    return dict(sorted(found.items()))


def _values(curves: Mapping[str, svg.Points]) -> Iterator[tuple[str, list[float]]]:
    for name, points in curves.items():
        yield name, [value for _, value in points if value is not None]


def _measured(row: Row, name: str) -> str:
    value, bound = row[f"{name}_s"], row[f"{name}_bound_s"]
    return "unknown" if value is None else f"{value:.1f} s ± {bound:.1f} s"


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g} s"


def _sql(time: datetime | None) -> str:
    return "null" if time is None else f"timestamptz '{time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}Z'"
