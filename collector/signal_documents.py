"""JSON documents that hold other signals than log lines: which module reads which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from collector.signals import Signals

# Each takes a document, parsed and as delivered, and answers None if it is not its own.
_READERS: tuple[Callable[[Any, bytes], Sequence[Signals] | None], ...] = ()


def read(value: Any, raw: bytes) -> Sequence[Signals] | None:
    """The signals in a document; None if it holds none that we know."""
    answers = (reader(value, raw) for reader in _READERS)
    return next((found for found in answers if found is not None), None)
