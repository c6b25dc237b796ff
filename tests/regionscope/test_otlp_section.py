"""[otlp] and [forward] of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from regionscope.config import ConfigError, load, parse
from store.zone import KeyUnavailable


def test_without_a_section_the_intake_is_local_and_nothing_is_forwarded() -> None:
    config = parse({"store": "s"})
    assert (config.otlp.host, config.otlp.port, config.otlp.secret()) == ("127.0.0.1", 4318, None)
    assert config.forward.endpoint is None


def test_secrets_are_references_and_those_in_files_count_from_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token-of-sufficient-length\n")
    (tmp_path / "api").write_text("another-token-of-length\n")
    file = tmp_path / "regionscope.toml"
    file.write_text(
        'store = "s"\n[otlp]\ntoken = "file:token"\n'
        '[forward]\nendpoint = "https://otlp.example"\nheaders = {api-key = "file:api"}\n'
    )
    config = load(file)
    secret = config.otlp.secret()
    assert secret is not None
    assert secret() == b"a-token-of-sufficient-length"
    assert config.forward.secrets() == {"api-key": "another-token-of-length"}


def test_a_token_that_cannot_be_had_is_asked_for_again(tmp_path: Path) -> None:
    token = tmp_path / "token"
    secret = parse({"store": "s", "otlp": {"token": f"file:{token}"}}).otlp.secret()
    assert secret is not None
    with pytest.raises(KeyUnavailable):
        secret()
    token.write_text("a-token-of-sufficient-length")
    assert secret() == b"a-token-of-sufficient-length"


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"otlp": {"token": "hunter2hunter2hunter2"}}, "otlp.token"),
        ({"otlp": {"port": 70000}}, "otlp.port"),
        ({"otlp": {"max_body_bytes": 10}}, "otlp.max_body_bytes"),
        ({"forward": {"endpoint": "otlp.example"}}, "forward.endpoint"),
        ({"forward": {"headers": {"api-key": "hunter2hunter2hunter2"}}}, "forward.headers.api-key"),
        ({"forward": {"tables": ["quarantine"]}}, "forward.tables"),
    ],
)
def test_a_wrong_value_is_named_and_a_secret_is_not_shown(section: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"store": "s"} | section)
    assert key in str(caught.value)
    assert "hunter2" not in str(caught.value)
