"""How the application logs what it does to its stores: what the macro `operations` knows of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import duckdb

from queries.macros import Macro
from queries.settings import Operations
from store.engine import quote

_NOT_KEYS = {"spans", "layers"}


def define(connection: duckdb.DuckDBPyConnection, operations: Operations) -> None:
    """Define operation_key(field), operations_on_spans() and layer_of(store)."""
    keys = {each.name: getattr(operations, each.name) for each in fields(operations)}
    cases = {name: key for name, key in keys.items() if name not in _NOT_KEYS}
    services = ", ".join(map(quote, operations.spans))
    for macro in (
        Macro(
            "operation_key",
            "Under which key of `attributes` a field of an operation is logged ([consistency]).\n"
            f"  field   {', '.join(cases)}",
            f"create macro operation_key(field) as {_choice('field', cases)}",
        ),
        Macro(
            "operations_on_spans",
            "The services whose operations are noted on their spans ([consistency] spans).",
            f"create macro operations_on_spans() as [{services}]::varchar[]",
        ),
        Macro(
            "layer_of",
            "The layer of a store, by its name ([consistency.layers]); null is unknown.\n  store   its name",
            f"create macro layer_of(store) as {_choice('store', operations.layers)}",
        ),
    ):
        macro.create(connection)


def _choice(of: str, values: Mapping[str, str]) -> str:
    cases = " ".join(f"when {quote(name)} then {quote(value)}" for name, value in values.items())
    return f"case {of} {cases} end" if cases else "null::varchar"
