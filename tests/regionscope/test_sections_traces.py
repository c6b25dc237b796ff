"""The section [traces] of the configuration."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regionscope.config import ConfigError, parse


def test_traces_are_pulled_with_an_overlap_unless_the_file_says_otherwise() -> None:
    assert parse({"store": "s"}).traces.xray
    assert parse({"store": "s"}).traces.overlap == timedelta(minutes=10)
    assert not parse({"store": "s", "traces": {"xray": False}}).traces.xray


@pytest.mark.parametrize("minutes", [0, 361, "lots"])
def test_an_overlap_that_cannot_be_is_an_error_that_names_it(minutes: object) -> None:
    with pytest.raises(ConfigError, match=f"traces.overlap_minutes is {minutes!r}: "):
        parse({"store": "s", "traces": {"overlap_minutes": minutes}})
