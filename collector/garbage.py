"""Python's search for garbage that refers to itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ignored() -> Iterator[None]:
    """Meanwhile nobody searches for such garbage.

    An invocation makes millions of objects, hardly any of which refer to themselves, and each search looks at
    all of them.
    """
    wanted = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if wanted:
            gc.enable()
