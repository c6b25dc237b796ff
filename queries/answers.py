"""Answers that SQL alone cannot give: Python over the views and macros, called like any other table macro.

To DuckDB an answer is a function that returns a list of rows, with a table macro of the answer's name around
it. So it works wherever SQL does, and its rows can be joined with anything.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import numpy as np
from duckdb.func import SPECIAL

from queries.settings import Settings
from store.engine import name, quote

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
Type = Literal["VARCHAR", "TIMESTAMPTZ", "BOOLEAN", "INTEGER", "BIGINT", "DOUBLE"]


class Reader:
    """Asks the views and macros on behalf of an answer. Not to be shared between threads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, query: str, **params: Any) -> list[Row]:
        """The rows of a SELECT; `$name` in it stands for a parameter. Times are aware, in UTC."""
        result = self._connection.execute(query, params)
        names = [column[0] for column in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def arrays(self, query: str, **params: Any) -> Mapping[str, Any]:
        """The same by column, as NumPy arrays (masked where values are missing): for what is large."""
        found = self.table(query, **params)  # DuckDB's own fetchnumpy imports pandas, which takes a second
        return {name: _array(found[name]) for name in found.column_names}

    def table(self, query: str, **params: Any) -> pa.Table:
        """The same as an Arrow table: for much text, of which NumPy makes an object each."""
        return self._connection.execute(query, params).to_arrow_table()


def _array(column: pa.ChunkedArray) -> Any:
    if not column.null_count:
        return column.to_numpy()
    import pyarrow as pa  # takes as long to import as all of this room

    blank = pa.scalar(False).cast(column.type)
    return np.ma.masked_array(column.fill_null(blank).to_numpy(), column.is_null().to_numpy())


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument. `default` is a SQL expression; without one the argument must be given."""

    name: str
    type: Type
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the rows; `type` is SQL's, and may be nested."""

    name: str
    type: str
    doc: str


SINCE = Parameter("since", "TIMESTAMPTZ", "null")
UNTIL = Parameter("until", "TIMESTAMPTZ", "null")


def window(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """The span of time that is asked for; by default the last hour."""
    until = until or datetime.now(UTC)
    return since or until - timedelta(hours=1), until


@dataclass(frozen=True, slots=True)
class Answer:
    """`answer(reader, settings, *arguments)` yields rows with the `columns`; one that a row lacks is null."""

    name: str
    doc: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    answer: Callable[..., Iterable[Row]]

    def define(self, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        """Create the macro and the function behind it."""
        struct = ", ".join(f"{name(column.name)} {column.type}" for column in self.columns)
        blank = dict.fromkeys(column.name for column in self.columns)

        def rows(*arguments: Any) -> list[Row]:
            with connection.cursor() as cursor:
                return [blank | row for row in self.answer(Reader(cursor), settings, *arguments)]

        types: list[Any] = [duckdb.sqltype(each.type) for each in self.parameters]
        # DuckDB counts the parameters before it lets a function be one of so many types.
        given = [inspect.Parameter(each.name, inspect.Parameter.POSITIONAL_ONLY) for each in self.parameters]
        rows.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]
        connection.create_function(
            f"{self.name}_rows",
            rows,
            types,
            duckdb.sqltype(f"STRUCT({struct})[]"),
            null_handling=SPECIAL,
            side_effects=True,  # the store grows: the same question may have another answer
        )
        taken = ", ".join(
            each.name if each.default is None else f"{each.name} := {each.default}"
            for each in self.parameters
        )
        passed = ", ".join(f"{name(each.name)}::{each.type}" for each in self.parameters)
        connection.execute(
            f"create macro {self.name}({taken}) as table "
            f"select unnest({self.name}_rows({passed}), max_depth := 2)"
        )
        doc = "\n".join([self.doc, *(f"  {column.name}   {column.doc}" for column in self.columns)])
        connection.execute(f"comment on macro table {self.name} is {quote(doc)}")
