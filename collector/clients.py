"""Clients of AWS's services, as the fetchers get them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

Clients = Callable[[str, str], Any]  # a boto3 client by service and region


def shared(make: Clients) -> Clients:
    """Each client is made once, and one after the other: boto3 cannot make them in several threads."""
    made: dict[tuple[str, str], Any] = {}
    lock = Lock()

    def client(service: str, region: str) -> Any:
        with lock:
            if (service, region) not in made:
                made[service, region] = make(service, region)
            return made[service, region]

    return client
