"""Regions, accounts and names are read from the names of AWS resources."""

from __future__ import annotations

import pytest

from collector import arn

CLUSTER = "arn:aws:rds:eu-west-1:123456789012:cluster:shop-eu"


def test_an_arn_tells_region_account_and_name() -> None:
    assert (arn.region_of(CLUSTER), arn.account_of(CLUSTER), arn.name_of(CLUSTER)) == (
        "eu-west-1",
        "123456789012",
        "shop-eu",
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("arn:aws:rds::123456789012:global-cluster:shop", "shop"),
        ("arn:aws:s3:::files-us", "files-us"),
        ("arn:aws:ecs:eu-west-1:123456789012:service/shop/orders", "shop/orders"),
        ("arn:aws:codedeploy:eu-west-1:123456789012:application:orders", "orders"),
        ("orders", "orders"),
        ("arn:", "arn:"),
    ],
)
def test_a_name_is_what_follows_the_type(text: str, name: str) -> None:
    assert arn.name_of(text) == name


@pytest.mark.parametrize("text", [None, "", "arn:", "orders", "arn:aws:s3:::files-us", "a:b:eu-west-1:d:e:f"])
def test_what_is_in_no_region_tells_none(text: str | None) -> None:
    assert arn.region_of(text) is None


@pytest.mark.parametrize(
    "region",
    [
        "eu-west-1",
        "us-gov-east-1",
        "ap-northeast-3",
        "il-central-1",
        "us-isob-east-1",
        "cn-northwest-1",
        "eusc-de-east-1",
    ],
)
def test_every_kind_of_region_is_found_in_a_text(region: str) -> None:
    assert arn.region_in(f"DB cluster my-orders-2 in Region {region}.") == region
    assert arn.region_in(f"abc.execute-api.{region}.amazonaws.com") == region


@pytest.mark.parametrize(
    "text", ["my-orders-2", "shop-eu-west-1", "eu-west-1-shop", "eu-west", "west-1", "EU-WEST-1"]
)
def test_what_only_looks_like_a_region_is_none(text: str) -> None:
    assert arn.region_in(text) is None
