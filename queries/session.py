"""A session: the store's views and macros in one DuckDB connection, locked down to the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import indent
from threading import Lock
from typing import Any, Self

import duckdb

from queries import gate, identity, macros
from queries.answers import Reader
from queries.catalogue import ANSWERS
from queries.consistency import operations
from queries.report.failover import report
from queries.report.page import Report
from queries.settings import Configured, Settings
from queries.views import Views
from store import engine
from store.objects import Store, open_store
from store.zone import Zone

Params = Sequence[Any] | Mapping[str, Any]


def connect(
    place: str | Path | Store | None = None,
    zones: Sequence[Zone] = (),
    options: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> Session:
    """A session over what a configuration file (*.toml; default ./regionscope.toml) names, with its zones.

    Or over the store at a URI, with the options of store.objects.open_store, or over an open one.
    Users are looked for under the pseudonyms of the zones; a zone whose key cannot be had is in
    `Session.warnings`. A store that is not there yet has no rows, until it is.
    """
    if isinstance(place, Store):
        return Session(place, zones, settings or Settings())
    if place is None or str(place).endswith(".toml"):
        configured = _configured(Path(place or "regionscope.toml"))
        return connect(configured.store, configured.zones, options, configured.settings)
    return Session(open_store(str(place), options), zones, settings or Settings())


def _configured(file: Path) -> Configured:
    """What the file says; its reader registers itself, as the front door is not for this room to import."""
    (reader,) = entry_points(group="regionscope.configuration")
    configured: Configured = reader.load()(file)
    return configured


class Session:
    """Answers from the newest version of the tables; reads nothing but the store, and writes nothing.

    Safe to share between threads. `connection` is DuckDB's, for tools that want one. It keeps to the version
    that the session last answered from, and what it may reach is locked, but unlike `sql` it does not stop a
    COPY into a store on a local folder.
    """

    def __init__(self, store: Store, zones: Sequence[Zone], settings: Settings) -> None:
        keys, self.warnings = identity.keys_of(zones)
        self.store = store
        self._renewing = Lock()
        self.connection = engine.connect(store, delta=True)
        self._views = Views(self.connection, store)
        identity.define(self.connection, keys)
        operations.define(self.connection, settings.operations)
        for macro in macros.in_order():  # on empty views, as DuckDB would read the tables for every macro
            macro.create(self.connection)
        for answer in ANSWERS:
            answer.define(self.connection, settings)
        self._views.renew()
        _lock(self.connection, store)

    def find_user(
        self,
        user: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        errors_only: bool = False,
    ) -> duckdb.DuckDBPyRelation:
        """All records of one user over all regions, in time order; `until` is exclusive."""
        return self._call("find_user", user=user, since=since, until=until, errors_only=errors_only)

    def user_requests(
        self,
        user: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        errors_only: bool = False,
    ) -> duckdb.DuckDBPyRelation:
        """As find_user, and the records of the same requests that name no user, such as a timeout."""
        return self._call("user_requests", user=user, since=since, until=until, errors_only=errors_only)

    def request(
        self, id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """All records of a request id or a trace id, in any form, and the others of the same trace."""
        return self._call("request", id=id, since=since, until=until)

    def timeline(
        self, user: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """What one user went through over all regions, in causal order: logs, spans and events."""
        return self._call("timeline", user=user, since=since, until=until)

    def trace(
        self, id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """The spans of a trace or request as a waterfall, with their logs and what is missing."""
        return self._call("trace", id=id, since=since, until=until)

    def explain(
        self,
        id: str | None = None,
        *,
        user: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> duckdb.DuckDBPyRelation:
        """Why a request, or each of a user's failed ones, failed: reasons, best first, and their evidence."""
        return self._call("explain", id=id, user=user, since=since, until=until)

    def offsets(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """How far the clocks of regions and hosts are off, by window; default: in the last hour."""
        return self._call("offsets", since=since, until=until)

    def error_patterns(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """The kinds of errors: how many, of how many users, where, since when, and an example."""
        return self._call("error_patterns", since=since, until=until)

    def health(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """Whether each region and service is well, the worst first; default: in the last hour."""
        return self._call("health", since=since, until=until)

    def lag(self, *, since: datetime | None = None, until: datetime | None = None) -> duckdb.DuckDBPyRelation:
        """Replication lag by layer, resource and pair of regions, of metrics and probes side by side."""
        return self._call("lag", since=since, until=until)

    def consistency(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """How many reads and writes kept which guarantee, by store and regions; default: in the last hour."""
        return self._call("consistency", since=since, until=until)

    def operations(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """What the application did to its stores: reads and writes, with the versions they saw or made."""
        return self._call("operations", since=since, until=until)

    def lost_updates(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """Acknowledged writes that another region's write replaced unseen; default: in the last hour."""
        return self._call("lost_updates", since=since, until=until)

    def anomalies(
        self, *, since: datetime | None = None, until: datetime | None = None, sample: int = 10
    ) -> duckdb.DuckDBPyRelation:
        """What cannot have happened to one key in so many, in any order; default: in the last hour."""
        return self._call("anomalies", since=since, until=until, sample=sample)

    def t_visibility(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """How likely one region shows another's write some time after it; default: in the last hour."""
        return self._call("t_visibility", since=since, until=until)

    def slo(self, *, at: datetime | None = None) -> duckdb.DuckDBPyRelation:
        """How every SLO stands at a moment, overall and per region: budget left, burn rates; default: now."""
        return self._call("slo", at=at)

    def slo_minutes(
        self, name: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """What an SLO counted minute by minute, and the budget left after each; default: its window."""
        return self._call("slo_minutes", name=name, since=since, until=until)

    def failovers(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> duckdb.DuckDBPyRelation:
        """Failovers, outages and drills that started in a span; default: in the last hour."""
        return self._call("failovers", since=since, until=until)

    def failover_report(
        self, incident: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> Report:
        """The report of an incident by its id, with `.markdown` and `.html`. Raises LookupError."""
        return report(Reader(self._cursor()), incident, since, until)

    def sql(self, query: str, params: Params | None = None) -> duckdb.DuckDBPyRelation:
        """Any SELECT over the views and macros. Raises gate.Refused for what is none."""
        cursor = self._cursor()
        gate.check(cursor, query, _macro_names(cursor))
        return cursor.sql(query, params=_encodable(params))

    def macros(self) -> duckdb.DuckDBPyRelation:
        """One row = one macro: name, parameters, doc."""
        return self._cursor().sql(
            "select function_name as name, parameters, comment as doc from duckdb_functions() "
            "where not internal and function_type in ('macro', 'table_macro') order by name"
        )

    def help(self, name: str | None = None) -> None:
        """Print what can be asked: macros with their parameters and docs, or the one of that name."""
        inner = {macro.name for macro in macros.in_order() if macro.inner}
        for macro, parameters, doc in self.macros().fetchall():
            if name == macro or (name is None and macro not in inner):
                print(f"{macro}({', '.join(parameters)})\n{indent(doc or '', '    ')}\n")  # noqa: T201

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _call(self, macro: str, **arguments: str | bool | int | datetime | None) -> duckdb.DuckDBPyRelation:
        for name, value in arguments.items():
            if isinstance(value, datetime) and value.tzinfo is None:
                raise ValueError(f"{name} is {value.isoformat()}: must have a time zone")
        named = ", ".join(f"{name} := ${name}" for name in arguments)
        return self._cursor().sql(f"from {macro}({named})", params=_encodable(arguments))

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for every call: threads and results do not get into each other's way."""
        with self._renewing:
            engine.authorize(self.connection, self.store)
            self._views.renew()
        return self.connection.cursor()


def _lock(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    connection.execute("set global TimeZone = 'UTC'")
    # The files never change: what was read of them once need not be checked.
    connection.execute("set parquet_metadata_cache = true")
    connection.execute("set validate_external_file_cache = 'NO_VALIDATION'")
    connection.execute("set python_enable_replacements = false")
    connection.execute(f"set allowed_directories = [{engine.quote(store.uri + '/')}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _macro_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "select function_name from duckdb_functions() where not internal and function_type = 'table_macro'"
    )
    return [name for (name,) in rows.fetchall()]


def _encodable(params: Params | None) -> Any:
    """The same, with lone surrogates escaped as store.zone.pseudonym does: DuckDB takes only valid text."""
    if isinstance(params, Mapping):
        return {name: _text(value) for name, value in params.items()}
    return None if params is None else [_text(value) for value in params]


def _text(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
