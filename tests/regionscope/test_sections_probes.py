"""The sections [[probes]] of the configuration."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from collector.probes.settings import Probe
from regionscope.config import ConfigError, parse
from regionscope.sections.probes import ProbeConfig, Probes

EU, US, AP = "eu-west-1", "us-east-1", "ap-southeast-1"
TABLES = {EU: "sessions", US: "sessions"}
CLUSTERS = {EU: f"arn:aws:rds:{EU}:1:cluster:shop-eu", US: f"arn:aws:rds:{US}:1:cluster:shop-us"}
SECRET = {EU: f"arn:aws:secretsmanager:{EU}:1:secret:shop"}


def probe(**keys: Any) -> Probe:
    return ProbeConfig.model_validate({"layer": "session", "resources": TABLES, **keys}).probe()


def refusal(**keys: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        probe(**keys)
    return str(caught.value)


def test_a_table_is_by_default_probed_between_all_its_regions_each_minute() -> None:
    found = probe(resources={**TABLES, AP: "sessions"})

    assert len(found.pairs) == 6
    assert (found.mode, found.timeout_s, found.interval_minutes) == ("one_way", 45, 1)


def test_a_cluster_is_called_by_its_name_and_a_cache_by_its_host() -> None:
    cluster = probe(layer="database", resources=CLUSTERS, pairs=[[EU, US]], database="shop", secrets=SECRET)
    cache = probe(
        layer="cache", resources={EU: "rediss://a.b:6379", US: "rediss://c.d:6379"}, pairs=[[EU, US]]
    )

    assert (cluster.name(EU), cache.name(US)) == ("shop-eu", "c.d")


def test_wrong_settings_are_refused_with_the_rule() -> None:
    assert "resources.us-east-1 must be the name or ARN of a DynamoDB table" in refusal(
        resources={EU: "sessions", US: "s p"}
    )
    assert "two regions of resources" in refusal(pairs=[[EU, AP]])
    assert "two regions of resources" in refusal(pairs=[[EU, EU]])
    assert "at least 2" in refusal(resources={EU: "sessions"})
    assert "end with a slash" in refusal(layer="file", resources={EU: "a-b", US: "c-d"}, folder="files")
    assert "less than or equal to 840" in refusal(timeout_s=900)
    assert "pairs is missing" in refusal(layer="cache", resources={EU: "redis://a", US: "redis://b"})
    assert "has to answer" in refusal(layer="database", resources=CLUSTERS, mode="echo", pairs=[[EU, US]])
    assert "database and secrets are needed" in refusal(
        layer="database", resources=CLUSTERS, pairs=[[EU, US]]
    )
    assert "must refer to a secret" in refusal(password="hunter2")


def test_probes_are_off_by_default() -> None:
    assert parse({"store": "store"}).probes == ()


@pytest.mark.parametrize(
    "keys",
    [
        {"resources": {EU: "redis://:hunter2@a", US: "redis://b"}},
        {"resources": {EU: "redis://a", US: "redis://b"}, "password": "hunter2"},
    ],
)
def test_a_password_in_the_file_is_refused_and_not_repeated(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="probes") as caught:
        parse({"store": "store", "probes": [{"layer": "cache", "pairs": [[EU, US]], **keys}]})

    assert "hunter2" not in str(caught.value)


def test_a_pair_that_two_sections_probe_is_refused() -> None:
    section = {"layer": "session", "resources": TABLES}
    other = {"layer": "session", "resources": TABLES, "pairs": [[US, EU]], "mode": "echo"}

    with pytest.raises(ValidationError, match="probed 2 times from us-east-1 to eu-west-1"):
        TypeAdapter(Probes).validate_python([section, other])
