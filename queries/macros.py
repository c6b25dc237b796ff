"""The macros of queries/sql: one documented .sql file each, whose name is the macro's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from importlib.resources import files

import duckdb

from store.engine import quote


@dataclass(frozen=True, slots=True)
class Macro:
    """One file: `doc` is its leading comment, `statement` creates the macro."""

    name: str
    doc: str
    statement: str

    @property
    def kind(self) -> str:
        return "macro table" if re.search(r"\)\s+as\s+table\s", self.statement) else "macro"

    def create(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create the macro, with its comment. Everything it refers to must be there."""
        connection.execute(self.statement)
        connection.execute(f"comment on {self.kind} {self.name} is {quote(self.doc)}")


def in_order() -> Iterator[Macro]:
    """All macros, each after those that it uses."""
    macros = {macro.name: macro for macro in map(_read, _names())}
    uses = {name: {other for other in macros if _calls(macro, other)} for name, macro in macros.items()}
    for name in TopologicalSorter(uses).static_order():
        yield macros[name]


def _names() -> list[str]:
    return sorted(
        file.name.removesuffix(".sql")
        for file in files("queries").joinpath("sql").iterdir()
        if file.name.endswith(".sql")
    )


def _read(name: str) -> Macro:
    text = files("queries").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    comment = re.match(r"(?:--.*\n)*", text)
    assert comment
    doc = re.sub(r"^-- ?", "", comment[0].strip(), flags=re.MULTILINE)
    return Macro(name, doc, text[comment.end() :])


def _calls(macro: Macro, other: str) -> bool:
    return other != macro.name and re.search(rf"\b{other}\(", macro.statement) is not None
