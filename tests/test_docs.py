"""What the documentation says is what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.main import get_command

from regionscope.cli import app
from store.schema import TABLES, Column

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("column", [column for table in TABLES.values() for column in table.columns], ids=str)
def test_every_column_is_in_the_format_page(column: Column) -> None:
    page = (ROOT / "docs/format.md").read_text(encoding="utf-8")

    assert f"| `{column.name}` | {column.type} | {column.doc} |" in page


def commands() -> list[str]:
    names = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        children = getattr(command, "commands", None)
        names += [f"{name} {child}" for child in children] if children else [name]
    return names


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_command_line_page(command: str) -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")

    assert f"| `{command}" in page
