from __future__ import annotations

import gc
from contextlib import suppress

import pytest

from collector import garbage


@pytest.mark.parametrize("wanted", [True, False])
def test_nobody_searches_for_garbage_meanwhile_and_afterwards_it_is_as_before(wanted: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if wanted else gc.disable)()
        with suppress(KeyError), garbage.ignored():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() is wanted
    finally:
        (gc.enable if before else gc.disable)()
