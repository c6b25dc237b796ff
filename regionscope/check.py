"""`config check`: what the configuration means, and whether its store and its keys can be had."""

from __future__ import annotations

from dataclasses import dataclass, field

from obstore.exceptions import BaseError as ObjectError

from regionscope.config import Config
from store.objects import open_store
from store.schema import LOGS
from store.zone import KeyUnavailable, Zone, resolve_key


@dataclass(frozen=True, slots=True)
class Report:
    """One line per region, and every problem as a sentence."""

    store: str
    regions: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def check(config: Config) -> Report:
    """Try the store and every zone's key; nothing is written."""
    regions = {region: policy(config.zone(region)) for region in sorted(config.regions)}
    return Report(config.store, regions, [*_store(config), *_keys(config)])


def policy(zone: Zone) -> str:
    """A zone's policy in words: `eu: identities as pseudonyms; email, ip redacted`."""
    identities = "identities as pseudonyms" if zone.identities == "pseudonym" else "identities kept"
    return f"{zone.name}: {identities}; {', '.join(zone.redact) or 'nothing'} redacted"


def _store(config: Config) -> list[str]:
    try:
        next(open_store(config.store).list(LOGS.name), None)
    except (ObjectError, OSError, ValueError) as error:
        return [f"store {config.store!r} cannot be reached: {type(error).__name__}"]
    return []


def _keys(config: Config) -> list[str]:
    problems = []
    for zone in config.all_zones():
        try:
            if zone.key is not None:
                resolve_key(zone.key)
        except KeyUnavailable as error:
            problems.append(f"zones.{zone.name}.key: {error}")
    return problems
