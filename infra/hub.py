"""The store of a configuration, ready to be written to: what the hub's work begins with, here and on AWS."""

from __future__ import annotations

from regionscope.config import Config
from store import tables
from store.objects import Store, open_store


def prepare(config: Config) -> Store:
    """The configuration's store, with its tables; they are created if they are not there."""
    store = open_store(config.store)
    tables.ensure(store)
    return store
