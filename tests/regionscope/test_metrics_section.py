"""The section [metrics] of regionscope.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regionscope.config import ConfigError, load, parse

EXTRA = """
store = "store"

[metrics]
interval_minutes = 5
exclude = ["AWS/Logs/.*"]

[[metrics.extra]]
namespace = "Shop"
name = "OrdersPlaced"
statistics = ["sum", "p99"]
unit = "1"
layer = "compute"
resource = ["Service"]
absence = "zero"
meaning = "orders customers placed"
source = "the shop's handbook"
"""


def test_a_user_adds_metrics_in_the_shape_of_the_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "regionscope.toml"
    path.write_text(EXTRA)

    section = load(path).metrics
    known = section.catalogue()

    assert (section.enabled, section.interval_minutes) == (True, 5)
    assert known["Shop", "OrdersPlaced"].statistics == ("sum", "p99")
    assert not [key for key in known if key[0] == "AWS/Logs"]
    assert ("AWS/SQS", "NumberOfMessagesSent") in known


def extra(**keys: Any) -> dict[str, Any]:
    told = {"namespace": "Shop", "name": "Orders", "statistics": ["sum"], "unit": "1", "layer": "compute"}
    return told | {"meaning": "orders", "source": "the shop"} | keys


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"interval_minutes": 0}, "metrics.interval_minutes is 0: "),
        ({"every": 5}, "metrics.every is not a known key"),
        ({"exclude": ["("]}, "metrics.exclude.0 is '(': must be a regular expression"),
        (
            {"extra": [extra(statistics=["mean"])]},
            "metrics.extra.0.statistics.0 is 'mean': must be sum, average",
        ),
        ({"extra": [extra(), extra(name="B", layer="net")]}, "metrics.extra.1.layer is 'net': "),
        ({"extra": [extra(period_s=90)]}, "metrics.extra.0.period_s is 90: must be a multiple of 60"),
        ({"extra": [extra(dimension=[])]}, "metrics.extra.0.dimension is not a known key"),
        ({"extra": [{**extra(), "meaning": ""}]}, "metrics.extra.0.meaning is ''"),
        ({"extra": [extra(), extra()]}, "extra names Shop/Orders more than once: must name each metric once"),
    ],
)
def test_a_mistake_in_the_metrics_is_named_with_key_value_and_rule(
    section: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigError) as error:
        parse({"store": "x", "metrics": section})

    assert named in str(error.value)
