"""What a query may be: one SELECT over the session's views and macros.

DuckDB's own lock keeps it from foreign files and networks, but lets COPY write into an allowed folder, and
the delta extension opens the log of any table on any host: so statements and functions are checked besides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

import duckdb

PURE = frozenset({"generate_series", "range", "unnest"})
WRITING = frozenset({"write_blob"})

_EXPLAIN = re.compile(r"\s*explain\s+(analyze\s+)?", re.IGNORECASE)


class Refused(Exception):
    """The query is not one that a session runs; the message says which rule it breaks."""


def check(connection: duckdb.DuckDBPyConnection, query: str, macros: Collection[str]) -> None:
    """Raises Refused, or duckdb.ParserException, unless the query only reads views and the given macros."""
    if len(connection.extract_statements(query)) != 1:
        raise Refused("a query must be one statement")
    row = connection.execute("select json_serialize_sql($1)", [_EXPLAIN.sub("", query, count=1)]).fetchone()
    assert row
    tree = json.loads(row[0])
    if tree["error"]:
        raise Refused("a query must be a SELECT: the session only reads")
    for function, of_table in _functions(tree):
        if of_table and function not in macros and function not in PURE:
            raise Refused(f"{function}() is none of the session's macros: {', '.join(sorted(macros))}")
        if function in WRITING:
            raise Refused(f"{function}() writes: the session only reads")


def _functions(tree: Any) -> Iterator[tuple[str, bool]]:
    """The functions that a query calls, and whether each stands in the place of a table."""
    stack = [(tree, False)]
    while stack:
        node, of_table = stack.pop()
        if isinstance(node, list):
            stack += [(child, False) for child in node]
        elif isinstance(node, dict):
            if isinstance(called := node.get("function_name"), str):
                yield called.lower(), of_table
            in_from = node.get("type") == "TABLE_FUNCTION"
            stack += [(child, in_from and key == "function") for key, child in node.items()]
