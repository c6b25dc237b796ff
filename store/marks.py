"""Marks: how far a collector that pulls has come, and what it must remember until its next run.

A mark is written only after what it stands for is durable: a run that ends before repeats its work, and what
it delivers again the committer recognises.
"""

from __future__ import annotations

import json
from typing import Any

from store import layout
from store.objects import Store


def read(store: Store, name: str) -> dict[str, Any] | None:
    """The mark of that name; None: it was never written. Raises ValueError, naming the path, if damaged."""
    path = layout.mark_path(name)
    try:
        value = json.loads(store.get(path))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"{path}: damaged mark ({error})") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path}: damaged mark (must be a JSON object)")
    return value


def write(store: Store, name: str, value: dict[str, Any]) -> None:
    """Set the mark, in one step, to a value that JSON can say. Of two writers the later one wins."""
    store.put(layout.mark_path(name), json.dumps(value, separators=(",", ":")).encode())
