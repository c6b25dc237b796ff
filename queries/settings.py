"""What the answers depend on besides the data: one record, made from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from queries.failovers.objectives import Failovers
from store.zone import Zone


@dataclass(frozen=True, slots=True)
class HealthRules:
    """From when on a region or a service is not healthy any more; shares are between 0 and 1.

    Fewer requests than `judged_from` say nothing; nor does a region whose newest row is `stale_after_s` old.
    `concurrency` is the account's quota of concurrent executions in each region, and `checks` names the
    regions of Route 53's health checks by their ids, where no event does.
    """

    degraded_errors: float = 0.02
    down_errors: float = 0.5
    degraded_throttles: float = 0.01
    degraded_log_errors: float = 0.05
    degraded_p99_ms: float = 10_000.0
    degraded_headroom: float = 0.2
    judged_from: int = 50
    stale_after_s: float = 900.0
    concurrency: int | None = None
    checks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operations:
    """Under which keys of `attributes` the application logs what it did to a store.

    `op` is read or write, `version` a number and the region that wrote it ("7@eu-west-1"), or "none" for
    what was not found; `based_on` the version known before a write, `served_by` the region that answered if
    not the own. `spans` names services that note the same on their spans instead of logging it, and `layers`
    the layer of a store, by its name.
    """

    store: str = "store"
    op: str = "op"
    key_hash: str = "key_hash"
    version: str = "version"
    based_on: str = "based_on"
    state: str = "state"
    mode: str = "mode"
    result: str = "result"
    served_by: str = "served_by"
    spans: tuple[str, ...] = ()
    layers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SloFiles:
    """OpenSLO files in a `folder`, by default those that are shipped.

    Data of the last `delay_minutes` is waited for: load balancers write their logs every five minutes.
    """

    folder: str | None = None
    delay_minutes: int = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """`regions` are those the application runs in; a region of which there is no data is then unknown.

    `pseudonyms` names the zones of the regions in which users and sessions are stored as pseudonyms.
    """

    regions: tuple[str, ...] = ()
    pseudonyms: Mapping[str, str] = field(default_factory=dict)
    operations: Operations = Operations()
    health: HealthRules = HealthRules()
    failovers: Failovers = field(default_factory=Failovers)
    slos: SloFiles = SloFiles()


@dataclass(frozen=True, slots=True)
class Configured:
    """What a configuration file says of a session."""

    store: str
    zones: tuple[Zone, ...]
    settings: Settings
