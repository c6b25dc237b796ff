"""A zone whose key is at hand, and a store for the tests of a module that only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store import tables
from store.objects import Store, open_store
from store.zone import Zone


@pytest.fixture(scope="module")
def eu() -> Iterator[Zone]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EU_KEY", "an EU key of more than 16 bytes")
        yield Zone("eu", identities="pseudonym", key="env:EU_KEY")


@pytest.fixture(scope="module")
def module_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with its tables on a folder, which all tests of a module share."""
    opened = open_store(str(tmp_path_factory.mktemp("shared") / "store"))
    tables.ensure(opened)
    return opened
