"""An ElastiCache global datastore (cluster mode disabled) as the target of probes, by the Redis protocol.

Needs the package `valkey` or `redis`, and a machine in the cache's network.
"""

from __future__ import annotations

import importlib
import time
from types import ModuleType

from collector.probes.stamp import Stamp, own
from collector.probes.target import Taken
from store.zone import resolve_key

_CLIENTS = ("valkey", "redis")
_TIMEOUT_S = 5.0  # of a connection, and of an answer


class NoClient(Exception):
    """Neither of the packages that speak with a cache is installed."""


class Cache:
    """The cache of one region, by the URL of its primary endpoint, or of a reader's in a secondary region."""

    deletes_replicate = True
    shows_absence = True  # if the URL names one node; a reader endpoint of several may answer from either

    def __init__(self, url: str, password: str | None) -> None:
        secret = resolve_key(password).decode() if password else None
        limits = {"socket_timeout": _TIMEOUT_S, "socket_connect_timeout": _TIMEOUT_S}
        self._client = _module().from_url(url, password=secret, decode_responses=True, **limits)

    def write(self, stamp: Stamp) -> None:
        left = max(1, stamp.expires - int(time.time()))
        if not self._client.set(own(stamp.key), stamp.text(), nx=True, ex=left):
            raise Taken

    def read(self, key: str) -> Stamp | None:
        text = self._client.get(key)
        return Stamp.read(key, text) if text else None

    def delete(self, key: str) -> None:
        self._client.delete(own(key))


def _module() -> ModuleType:
    for name in _CLIENTS:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    raise NoClient("a probe of the layer cache needs a client: pip install valkey")
