"""The one configuration file, regionscope.toml: what it may say, and clear errors when it is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from collector.fields import FieldMap
from regionscope.sections.base import KeyReference, Pattern, RegionName, Section, matching
from regionscope.sections.consistency import ConsistencyConfig
from regionscope.sections.failovers import FailoversConfig
from regionscope.sections.forward import ForwardConfig
from regionscope.sections.health import HealthConfig
from regionscope.sections.metrics import MetricsConfig
from regionscope.sections.otlp import OtlpConfig
from regionscope.sections.probes import Probes
from regionscope.sections.slos import SlosConfig
from regionscope.sections.state import StateConfig
from regionscope.sections.traces import TracesConfig
from store.layout import QUARANTINE
from store.schema import TABLES
from store.zone import Kind, Zone

if TYPE_CHECKING:
    from queries.settings import Configured


class ConfigError(Exception):
    """The configuration is wrong; the message names each key, its value and the rule."""


StoreUri = Annotated[
    str, matching(r"(?!\w+://)[^\0]+|(file|s3)://.+", "must be a folder, or a file:// or s3:// URI")
]
Kept = Annotated[
    str, matching("|".join([*TABLES, QUARANTINE]), f"must be one of {', '.join([*TABLES, QUARANTINE])}")
]


class RegionConfig(Section):
    zone: str | None = None


class ZoneConfig(Section):
    """One residency zone; days to keep per table or `quarantine`, absent means for ever."""

    identities: Literal["keep", "pseudonym"] = "keep"
    redact: tuple[Kind, ...] = ()
    key: KeyReference | None = None
    retention_days: dict[Kept, Annotated[int, Field(ge=1)]] = {}

    @model_validator(mode="after")
    def _key_where_needed(self) -> ZoneConfig:
        if (self.identities == "pseudonym" or self.redact) and self.key is None:
            raise ValueError("key is missing: a zone that redacts or pseudonymises needs one")
        return self


class LogsConfig(Section):
    """Log groups whose name matches one of `exclude` (regular expressions, whole name) are not collected."""

    exclude: tuple[Pattern, ...] = (r"/aws/lambda/regionscope-.*",)


class FieldsConfig(Section):
    """JSON fields that hold a column, besides the well-known ones of collector/fields.py."""

    user: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    request: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    span: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    duration: tuple[str, ...] = ()


class Config(Section):
    """The whole file. `store` is a folder, a file:// or an s3:// URI."""

    store: StoreUri
    regions: dict[RegionName, RegionConfig] = {}
    zones: dict[str, ZoneConfig] = {}
    logs: LogsConfig = LogsConfig()
    fields: FieldsConfig = FieldsConfig()
    metrics: MetricsConfig = MetricsConfig()
    probes: Probes = ()
    traces: TracesConfig = TracesConfig()
    state: StateConfig = StateConfig()
    otlp: OtlpConfig = OtlpConfig()
    forward: ForwardConfig = ForwardConfig()
    health: HealthConfig = HealthConfig()
    slos: SlosConfig = SlosConfig()
    failovers: FailoversConfig = FailoversConfig()
    consistency: ConsistencyConfig = ConsistencyConfig()

    @model_validator(mode="after")
    def _zones_exist(self) -> Config:
        for name, region in self.regions.items():
            if region.zone is not None and region.zone not in self.zones:
                known = ", ".join(sorted(self.zones)) or "none"
                raise ValueError(
                    f"regions.{name}.zone is {region.zone!r}, which [zones] does not define ({known})"
                )
        return self

    def zone(self, region: str) -> Zone:
        """The zone of a region. A region outside every zone keeps all it has."""
        named = self.regions.get(region)
        if named is None or named.zone is None:
            return Zone(name="open")
        zone = self.zones[named.zone]
        return Zone(named.zone, zone.identities, zone.redact, zone.key)

    def all_zones(self) -> tuple[Zone, ...]:
        return tuple(Zone(name, zone.identities, zone.redact, zone.key) for name, zone in self.zones.items())

    def retention(self) -> dict[str, dict[str, int]]:
        """Days to keep, per table and region, of the regions whose zone sets a limit."""
        days: dict[str, dict[str, int]] = {}
        for name, region in self.regions.items():
            for table, kept in self.zones[region.zone].retention_days.items() if region.zone else ():
                days.setdefault(table, {})[name] = kept
        return days

    def configured(self) -> Configured:
        """What a session has to know."""
        from queries.settings import Configured, Settings  # collectors read this file too, without DuckDB

        settings = Settings(
            regions=tuple(sorted(self.regions)),
            health=self.health.rules(),
            slos=self.slos.files(),
            failovers=self.failovers.failovers(),
            operations=self.consistency.operations(),
            pseudonyms=self._pseudonyms(),
        )
        return Configured(self.store, self.all_zones(), settings)

    def _pseudonyms(self) -> dict[str, str]:
        """The zones of the regions in which users and sessions are stored as pseudonyms."""
        zones = {name: self.zone(name) for name in self.regions}
        return {name: zone.name for name, zone in zones.items() if zone.identities == "pseudonym"}

    def field_map(self) -> FieldMap:
        return FieldMap().extended(**self.fields.model_dump())


def load(path: Path) -> Config:
    """The configuration in a TOML file. Raises ConfigError, naming file, key, value and rule."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    return _anchored(parse(content, str(path)), path.parent)


def _anchored(config: Config, folder: Path) -> Config:
    """Relative paths in the file count from its folder, so that it means the same wherever a command runs."""

    def secret(reference: str | None) -> str | None:
        is_file = reference is not None and reference.startswith("file:")
        return f"file:{folder / reference[5:]}" if is_file and reference else reference

    zones = {name: zone.model_copy(update={"key": secret(zone.key)}) for name, zone in config.zones.items()}
    store = config.store if "://" in config.store else str(folder / config.store)
    otlp = config.otlp.model_copy(update={"token": secret(config.otlp.token)})
    headers = {name: secret(reference) for name, reference in config.forward.headers.items()}
    forward = config.forward.model_copy(update={"headers": headers})
    slos = config.slos.anchored(folder)
    update = {"store": store, "zones": zones, "otlp": otlp, "forward": forward, "slos": slos}
    return config.model_copy(update=update)


def parse(content: dict[str, Any], origin: str = "configuration") -> Config:
    """A configuration from its content as read from TOML. Raises ConfigError."""
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise ConfigError(
            "\n".join(f"{origin}: {_sentence(problem)}" for problem in error.errors())
        ) from None


def session(path: Path) -> Configured:
    """What the file says of a session: how queries.connect reads it. Raises ConfigError."""
    return load(path).configured()


_SECRET = {"key", "password", "token", "headers"}  # what somebody may have written out there is not shown


def _sentence(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"] if part != "[key]")
    rule = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"{key} is not a known key"
    if problem["type"] == "missing":
        return f"{key} is missing"
    if isinstance(problem["input"], str | int | float | bool) and _SECRET.isdisjoint(problem["loc"]):
        return f"{key} is {problem['input']!r}: {rule}"
    return f"{key}: {rule}" if key else rule


DEFAULT_FILE = Path("regionscope.toml")


def resolve(path: Path | None, store: str | None) -> Config:
    """The configuration a command runs with: --config, else ./regionscope.toml; --store overrides its store.

    Raises ConfigError if neither says where the store is.
    """
    if path is None and DEFAULT_FILE.exists():
        path = DEFAULT_FILE
    if path is not None:
        config = load(path)
        return parse({**config.model_dump(), "store": store}, "--store") if store else config
    if store is None:
        raise ConfigError(f"no store is named: pass --store URI or --config FILE, or write {DEFAULT_FILE}")
    return parse({"store": store}, "--store")
