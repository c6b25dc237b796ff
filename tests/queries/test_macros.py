"""The catalogue of macros: documented in SQL and in the folder, each with its Python method."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import queries
from queries import Session, connect, macros
from queries.catalogue import ANSWERS
from store.objects import Store

FOLDER = Path(queries.__file__).parent / "sql"


def test_every_file_creates_the_macro_of_its_name() -> None:
    for macro in macros.in_order():
        assert re.search(rf"^create macro {macro.name}\(", macro.statement, re.MULTILINE)
    assert {macro.name for macro in macros.in_order()} == {file.stem for file in FOLDER.rglob("*.sql")}


def test_every_macro_says_what_it_is_and_what_its_parameters_are(local_store: Store) -> None:
    with connect(local_store) as session:
        listed = session.macros().fetchall()
    named = {file.stem for file in FOLDER.rglob("*.sql")} | {answer.name for answer in ANSWERS}
    assert named < {name for name, _, _ in listed}
    for name, parameters, doc in listed:
        assert re.match(r"[A-Z].*[.,]", doc), name
        for parameter in parameters:
            assert re.search(rf"^  .*\b{parameter}\b.*   \S", doc, re.MULTILINE), f"{name}({parameter})"


def test_every_table_macro_says_what_one_row_is() -> None:
    for macro in macros.in_order():
        assert ("One row = one " in macro.doc) == (macro.kind == "macro table"), macro.name


def test_every_table_macro_that_users_ask_is_a_method_with_the_same_parameters(local_store: Store) -> None:
    with connect(local_store) as session:
        asked = {macro.name for macro in macros.in_order() if not macro.inner and macro.kind == "macro table"}
        asked |= {answer.name for answer in ANSWERS if not answer.name.startswith("sli_")}
        for name, parameters, _ in session.macros().fetchall():
            if name in asked:
                assert list(inspect.signature(getattr(Session, name)).parameters) == ["self", *parameters]
