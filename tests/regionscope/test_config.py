from __future__ import annotations

from pathlib import Path

import pytest

from regionscope.config import ConfigError, load, parse, resolve
from store.zone import Zone

FULL = """
store = "s3://central/logs"

[regions.eu-west-1]
zone = "eu"
[regions.us-east-1]

[zones.eu]
identities = "pseudonym"
redact = ["email", "ip"]
key = "secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:zone"
retention_days = { logs = 30 }

[fields]
user = ["customer.number"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "regionscope.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_region_has_the_policy_of_its_zone(tmp_path: Path) -> None:
    config = load(write(tmp_path, FULL))

    zone = config.zone("eu-west-1")

    assert (zone.name, zone.identities, zone.redact) == ("eu", "pseudonym", ("email", "ip"))
    assert not zone.open


def test_a_region_without_a_zone_keeps_everything(tmp_path: Path) -> None:
    config = load(write(tmp_path, FULL))

    assert config.zone("us-east-1").open
    assert config.zone("sa-east-1") == Zone("open")


def test_retention_is_per_table_and_region(tmp_path: Path) -> None:
    config = load(write(tmp_path, FULL))

    assert config.retention() == {"logs": {"eu-west-1": 30}}


def test_a_mapped_field_stands_before_the_defaults(tmp_path: Path) -> None:
    config = load(write(tmp_path, FULL))

    assert config.field_map().user[:2] == ("customer.number", "user_id")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({}, "store is missing"),
        ({"store": "x", "stor": "y"}, "stor is not a known key"),
        ({"store": "x", "regions": {"europe": {}}}, "must be a region's name"),
        ({"store": "x", "regions": {"eu-west-1": {"zone": "eu"}}}, "'eu', which [zones] does not define"),
        ({"store": "x", "zones": {"eu": {"redact": ["email"]}}}, "zones.eu: key is missing"),
        ({"store": "x", "zones": {"eu": {"identities": "hide"}}}, "zones.eu.identities is 'hide'"),
        (
            {"store": "x", "zones": {"eu": {"retention_days": {"logs": 0}}}},
            "zones.eu.retention_days.logs is 0",
        ),
        ({"store": "x", "zones": {"eu": {"retention_days": {"log": 1}}}}, "retention_days.log"),
        ({"store": "x", "logs": {"exclude": ["("]}}, "logs.exclude"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_rule(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(wrong, "regionscope.toml")

    assert named in str(error.value)
    assert str(error.value).startswith("regionscope.toml: ")


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        parse({"stor": "x", "regions": {"europe": {}}})

    assert len(str(error.value).splitlines()) == 3


def test_a_secret_in_place_of_a_reference_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as error:
        parse({"store": "x", "zones": {"eu": {"redact": ["ip"], "key": "hunter2hunter2hunter2"}}})

    assert "must refer to a secret" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_broken_toml_names_the_file_and_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, "store = here")

    with pytest.raises(ConfigError, match=r"regionscope.toml: .*line 1"):
        load(path)


def test_the_store_option_overrides_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'store = "here"')

    assert resolve(path, None).store == str(tmp_path / "here")
    assert resolve(path, "there").store == "there"


def test_without_file_and_store_it_says_what_to_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match="--store URI or --config FILE"):
        resolve(None, None)


def test_relative_paths_count_from_the_files_folder(tmp_path: Path) -> None:
    zone = '[zones.eu]\nredact = ["ip"]\nkey = "file:keys/eu.key"'

    config = load(write(tmp_path, f'store = "store"\n{zone}'))

    assert config.store == str(tmp_path / "store")
    assert config.zones["eu"].key == f"file:{tmp_path / 'keys/eu.key'}"
