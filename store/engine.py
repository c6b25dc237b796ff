"""DuckDB on the store: a connection that reads the store's files, in UTC, without downloading anything."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import duckdb

from store.objects import Store

Extension = Literal["httpfs", "delta"]


def connect(
    store: Store, *, delta: bool = False, memory: int | None = None, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection that can read the store's Parquet files, and its Delta tables with `delta`.

    `memory` is DuckDB's limit in bytes; what exceeds it goes to the folder `spill`. Raises
    ModuleNotFoundError if the wheel of an extension that is needed is not installed.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # Checking DuckDB's signature takes half a second per connection, and the wheels are as trustworthy as
        # all the other libraries that were installed with them.
        "allow_unsigned_extensions": True,
    }
    if memory:
        config["memory_limit"] = f"{memory}B"
    if spill:
        config["temp_directory"] = str(spill)
    connection = duckdb.connect(config=config)
    connection.execute("SET TimeZone = 'UTC'")
    _without_progress_bar(connection)
    if store.credentials:
        _load(connection, "httpfs")
        authorize(connection, store)
    if delta:
        _load(connection, "delta")
    connection.execute("SET allow_unsigned_extensions = false")
    return connection


def _without_progress_bar(connection: duckdb.DuckDBPyConnection) -> None:
    """In Jupyter without ipywidgets it is off, and DuckDB raises an error if it is to be changed at all."""
    (shown,) = connection.execute("select current_setting('enable_progress_bar')").fetchone() or (False,)
    if shown:
        connection.execute("SET enable_progress_bar = false")


@dataclass(frozen=True, slots=True)
class Workspace:
    """A connection to the store, and a folder for its spill and its output."""

    store: Store
    connection: duckdb.DuckDBPyConnection
    folder: Path

    def count(self, rows: str) -> int:
        """How many rows a SQL relation has."""
        found = self.connection.execute(f"SELECT count(*) FROM {rows}").fetchone()
        return found[0] if found else 0


@contextmanager
def workspace(store: Store, memory: int | None = None) -> Iterator[Workspace]:
    """A workspace that is gone afterwards."""
    with (
        TemporaryDirectory(prefix="regionscope-", ignore_cleanup_errors=True) as folder,
        connect(store, memory=memory, spill=Path(folder)) as connection,
    ):
        yield Workspace(store, connection, Path(folder))


def url(store: Store, path: str) -> str:
    """What DuckDB calls the object at a path below the store's root."""
    return f"{store.uri}/{path}"


def authorize(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Hand DuckDB the credentials of a store on S3; again whenever they may have been renewed."""
    if store.credentials:
        connection.execute(_secret(store))


def _load(connection: duckdb.DuckDBPyConnection, extension: Extension) -> None:
    """Load an extension from its wheel."""
    wheel = f"duckdb_extension_{extension}"
    spec = importlib.util.find_spec(wheel)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"DuckDB's {extension} extension is needed: pip install {wheel}")
    folder = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}"
    connection.execute(f"LOAD {quote(str(folder / f'{extension}.duckdb_extension'))}")


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def _secret(store: Store) -> str:
    """The statement that gives DuckDB the store's own credentials, for this bucket only."""
    assert store.credentials
    credential = store.credentials()
    bucket = store.uri.removeprefix("s3://").partition("/")[0]
    settings = {
        "KEY_ID": credential["access_key_id"],
        "SECRET": credential["secret_access_key"],
        "REGION": store.storage_options["aws_region"],
        "SCOPE": f"s3://{bucket}/",
    }
    if token := credential.get("token"):
        settings["SESSION_TOKEN"] = token
    if endpoint := store.storage_options.get("aws_endpoint_url"):
        scheme, _, host = endpoint.rstrip("/").partition("://")
        settings |= {"ENDPOINT": host, "URL_STYLE": "path", "USE_SSL": str(scheme == "https").lower()}
    clauses = ", ".join(f"{key} {quote(value)}" for key, value in settings.items())
    return f"CREATE OR REPLACE SECRET store (TYPE s3, {clauses})"
