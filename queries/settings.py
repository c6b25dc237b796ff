"""What the answers depend on besides the data: one record, made from the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from store.zone import Zone


@dataclass(frozen=True, slots=True)
class Settings:
    """`regions` are those the application runs in; a region of which there is no data is then unknown."""

    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configured:
    """What a configuration file says of a session."""

    store: str
    zones: tuple[Zone, ...]
    settings: Settings
