"""The sections [[probes]]: which resources are probed, between which regions; none by default."""

from __future__ import annotations

import re
from collections import Counter
from itertools import permutations
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from collector.probes.settings import Engine, Layer, Mode, Pair, Probe
from regionscope.sections.base import RegionName, Section, matching

Folder = Annotated[str, matching(r"([\w.=-]+/)*", "must be empty or end with a slash: uploads/")]
SecretArn = Annotated[str, matching(r"arn:[\w-]+:secretsmanager:.+", "must be the ARN of a secret")]
Password = Annotated[
    str,
    matching(
        r"(env|secretsmanager|ssm):.+",
        "must refer to a secret as env:NAME, secretsmanager:ARN or ssm:NAME, never hold it",
    ),
]

_RESOURCES: dict[Layer, tuple[str, str]] = {
    "session": (r"[\w.-]{3,255}|arn:[\w-]+:dynamodb:.+", "the name or ARN of a DynamoDB table"),
    "file": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of an S3 bucket"),
    "database": (r"arn:[\w-]+:rds:.+:cluster:.+", "the ARN of an Aurora cluster"),
    "cache": (
        r"(rediss?|valkeys?)://[^@/?#]+",
        "a cache's URL, without user, password or path: rediss://host:6379",
    ),
}
_MULTI_WRITER = ("session", "file")


class ProbeConfig(Section):
    """One replicated resource, by region.

    `pairs` are of writer and reader; where every region may write, they are by default all there are.
    """

    layer: Layer
    resources: Annotated[dict[RegionName, str], Field(min_length=2)]
    pairs: tuple[tuple[RegionName, RegionName], ...] = ()
    mode: Mode = "one_way"
    timeout_s: Annotated[float, Field(ge=1, le=840)] = 45
    interval_minutes: Annotated[int, Field(ge=1, le=1440)] = 1
    folder: Folder = ""
    database: str = ""
    engine: Engine = "postgresql"
    secrets: dict[RegionName, SecretArn] = {}
    password: Password | None = None

    @model_validator(mode="after")
    def _consistent(self) -> ProbeConfig:
        pattern, rule = _RESOURCES[self.layer]
        for region, resource in self.resources.items():
            if not re.fullmatch(pattern, resource):
                raise ValueError(f"resources.{region} must be {rule}")
        for pair in self.pairs:
            if pair[0] == pair[1] or not self.resources.keys() >= set(pair):
                raise ValueError(f"pairs holds {list(pair)}: must name two regions of resources")
        if self.layer not in _MULTI_WRITER:
            self._check_writers()
        if self.layer == "database" and not (self.database and self.secrets.keys() >= self.writers()):
            raise ValueError(
                "database and secrets are needed: the Data API asks for them in each region that writes"
            )
        return self

    def _check_writers(self) -> None:
        if self.mode == "echo":
            raise ValueError(
                f"mode is 'echo': the reader has to answer, and in a {self.layer} one region writes"
            )
        if not self.pairs:
            raise ValueError(f"pairs is missing: in a {self.layer} one region writes")

    def writers(self) -> set[str]:
        return {writer for writer, _ in self.all_pairs()}

    def all_pairs(self) -> tuple[Pair, ...]:
        return self.pairs or tuple(permutations(sorted(self.resources), 2))

    def probe(self) -> Probe:
        """As the collector takes it."""
        return Probe(**{**self.model_dump(), "pairs": self.all_pairs()})


def _once_each(probes: tuple[ProbeConfig, ...]) -> tuple[ProbeConfig, ...]:
    """Two probes of one resource and pair would take each other's items for their own."""
    named = [(probe.probe(), pair) for probe in probes for pair in probe.all_pairs()]
    counts = Counter((probe.layer, probe.name(pair[0]), pair) for probe, pair in named)
    for (layer, name, (writer, reader)), count in counts.items():
        if count > 1:
            raise ValueError(
                f"the {layer} {name!r} is probed {count} times from {writer} to {reader}: must be once"
            )
    return probes


Probes = Annotated[tuple[ProbeConfig, ...], AfterValidator(_once_each)]
