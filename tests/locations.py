"""Where the stores of tests lie."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.objects import Store, open_store


@dataclass(frozen=True)
class Location:
    """Where a store lies, in a form that a child process can be told."""

    uri: str
    options: dict[str, str] = field(default_factory=dict)

    def open(self) -> Store:
        return open_store(self.uri, self.options)
