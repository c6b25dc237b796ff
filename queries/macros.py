"""The macros of queries/sql: one documented .sql file each, whose name is the macro's.

Those in the folder itself are what users ask; those in its subfolders are what an answer is made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from store.engine import quote

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Macro:
    """One file: `doc` is its leading comment, `statement` creates it; `inner` ones are in subfolders."""

    name: str
    doc: str
    statement: str
    inner: bool = False

    @property
    def kind(self) -> str:
        return "macro table" if re.search(r"\)\s+as\s+table\s", self.statement) else "macro"

    def create(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create the macro, with its comment. Everything it refers to must be there."""
        connection.execute(self.statement)
        connection.execute(f"comment on {self.kind} {self.name} is {quote(self.doc)}")


def in_order() -> Iterator[Macro]:
    """All macros, each after those that it uses."""
    macros = {macro.name: macro for macro in map(_read, sorted(SQL.rglob("*.sql")))}
    uses = {name: {other for other in macros if _calls(macro, other)} for name, macro in macros.items()}
    for name in TopologicalSorter(uses).static_order():
        yield macros[name]


def _read(file: Path) -> Macro:
    text = file.read_text(encoding="utf-8")
    comment = re.match(r"(?:--.*\n)*", text)
    assert comment
    doc = re.sub(r"^-- ?", "", comment[0].strip(), flags=re.MULTILINE)
    return Macro(file.stem, doc, text[comment.end() :], inner=file.parent != SQL)


def _calls(macro: Macro, other: str) -> bool:
    return other != macro.name and re.search(rf"\b{other}\(", macro.statement) is not None
