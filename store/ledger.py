"""Ledgers: marks that several processes change, each only if nobody else did since it looked.

Each version is a mark of its own, numbered, and no number is taken twice: whoever puts the next one has it.
That needs nothing of the store but create-only writes, which folders and S3 have alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from store import layout, marks
from store.objects import Store

_NUMBER = re.compile(r"(\d{12})\.json")
_TRIES = 20  # of a read that others outrun


class Version(NamedTuple):
    """What a ledger said when it was read; number 0 and nothing before its first version."""

    number: int
    value: dict[str, Any]


def read(store: Store, name: str) -> Version:
    """The latest version. Raises ValueError, naming the path, if it is damaged."""
    for _ in range(_TRIES):
        number = max(_numbers(store, name), default=0)
        if not number:
            return Version(0, {})
        value = marks.read(store, _mark(name, number))
        if value is not None:  # else there is a later one by now
            return Version(number, value)
    raise TimeoutError(f"ledger {name}: others change it faster than it can be read")


def swap(store: Store, name: str, seen: int, value: dict[str, Any]) -> bool:
    """Put the version after `seen`. False: somebody else did, so read again and think again.

    False may come although the version counts, if the next one followed at once: it was built on this one.
    """
    number = seen + 1
    if not store.put_new(_path(name, number), json.dumps(value, separators=(",", ":")).encode()):
        return False
    numbers = [*_numbers(store, name)]
    if max(numbers) > number:
        return False  # the number was free only because it is long past
    store.delete(_path(name, old) for old in numbers if old < number)
    return True


def _numbers(store: Store, name: str) -> Iterator[int]:
    folder = f"{layout.MARKS}/{name}/"
    for item in store.list(folder.rstrip("/")):
        if match := _NUMBER.fullmatch(item.path.removeprefix(folder)):
            yield int(match[1])


def _path(name: str, number: int) -> str:
    return layout.mark_path(_mark(name, number))


def _mark(name: str, number: int) -> str:
    return f"{name}/{number:012d}"
