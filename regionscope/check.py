"""`config check`: what the configuration means, and whether its store and its keys can be had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

from obstore.exceptions import BaseError as ObjectError

from collector.metrics.cost import ASSUMED, assumed, discovered
from collector.metrics.cost import estimate as metric_requests
from collector.probes.cost import estimate as probe_requests
from queries import connect
from queries.settings import Settings
from queries.slo.loading import load
from regionscope.config import Config
from store.objects import open_store
from store.schema import LOGS
from store.zone import KeyUnavailable, Zone, resolve_key


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate: `basis` says what it rests on."""

    what: str
    requests_per_month: int
    usd_per_month: float
    basis: str


@dataclass(frozen=True, slots=True)
class Report:
    """One line per region, what asking AWS costs in 30 days, and every problem as a sentence."""

    store: str
    regions: dict[str, str] = field(default_factory=dict)
    costs: list[Cost] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def check(config: Config) -> Report:
    """Try the store and every zone's key; nothing is written."""
    regions = {region: policy(config.zone(region)) for region in sorted(config.regions)}
    problems = [*_store(config), *_keys(config)]
    costs = [*_costs(config, bool(problems))]
    settings = config.configured().settings
    return Report(
        config.store, regions, costs, [*problems, *_slos(settings)], load(settings.slos.folder).warnings
    )


def policy(zone: Zone) -> str:
    """A zone's policy in words: `eu: identities as pseudonyms; email, ip redacted`."""
    identities = "identities as pseudonyms" if zone.identities == "pseudonym" else "identities kept"
    return f"{zone.name}: {identities}; {', '.join(zone.redact) or 'nothing'} redacted"


def _costs(config: Config, unreachable: bool) -> Iterator[Cost]:
    if config.metrics.enabled and config.regions:
        catalogue = config.metrics.catalogue()
        known = None if unreachable else discovered(open_store(config.store), catalogue, config.regions)
        basis = "as discovered" if known else f"assuming {ASSUMED} resources of every kind in each region"
        series = known or assumed(catalogue, config.regions, {})
        found = metric_requests(series, config.metrics.interval_minutes * 60)
        yield Cost("metrics", found.per_month, round(found.usd_per_month, 2), basis)
    if config.probes:
        probed = probe_requests(probe.probe() for probe in config.probes)
        yield Cost("probes", probed.requests, round(probed.usd_per_month, 2), "if every one times out")


def _store(config: Config) -> list[str]:
    try:
        next(open_store(config.store).list(LOGS.name), None)
    except (ObjectError, OSError, ValueError) as error:
        return [f"store {config.store!r} cannot be reached: {type(error).__name__}"]
    return []


def _slos(settings: Settings) -> Iterator[str]:
    """What is wrong with the files of SLOs, and with their queries: those are tried on an empty store."""
    with TemporaryDirectory() as nothing, connect(nothing, settings=settings) as session:
        unevaluated = session.slo().filter("coverage is null").project("slo, service, reason").fetchall()
    for name, service, reason in unevaluated:
        yield reason if service is None else f"SLO {name!r}: {reason}"


def _keys(config: Config) -> list[str]:
    problems = []
    for zone in config.all_zones():
        try:
            if zone.key is not None:
                resolve_key(zone.key)
        except KeyUnavailable as error:
            problems.append(f"zones.{zone.name}.key: {error}")
    return problems
