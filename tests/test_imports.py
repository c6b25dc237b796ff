"""The rooms may import only what docs/architecture.md says: data moves one way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# `regionscope.config` is a record that infra hands on; the rest of the front door stays out of the rooms.
ALLOWED = {
    "collector": {"collector", "store"},
    "store": {"store"},
    "queries": {"queries", "store"},
    "dashboard": {"dashboard", "queries", "alerts"},
    "infra": {"infra", "collector", "store", "alerts", "regionscope.config"},
    "demo": {"demo"},
}
OURS = {*ALLOWED, "alerts", "regionscope"}


def imported(source: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_the_rooms_before_it(room: str) -> None:
    sources = sorted((ROOT / room).rglob("*.py"))
    assert sources

    foreign = {
        f"{source.relative_to(ROOT)}: {name}"
        for source in sources
        for name in imported(source)
        if name.split(".")[0] in OURS
        and not any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED[room])
    }

    assert foreign == set()
