"""Which writes a promotion lost, by the versions that were written and read."""

from __future__ import annotations

import pytest

from queries.failovers.losses import Losses, Operation, losses

OLD, NEW, THIRD = "eu-west-1", "us-east-1", "ap-southeast-1"
FENCE, PROMOTED = 1_000, 2_000


def wrote(time: int, version: str, based_on: str | None, region: str = OLD, key: str = "k") -> Operation:
    return Operation(time, region, "write", key, version, based_on)


def read(time: int, version: str, region: str = NEW, key: str = "k") -> Operation:
    return Operation(time, region, "read", key, version, None)


def told(*history: Operation, in_order: bool = False) -> Losses:
    return losses(history, OLD, NEW, FENCE, PROMOTED, in_order)


def test_a_write_that_the_new_region_reads_has_arrived() -> None:
    assert told(wrote(900, "2@eu-west-1", "1@eu-west-1"), read(2_500, "2@eu-west-1")) == Losses()


def test_a_write_that_the_new_region_does_not_have_is_lost() -> None:
    assert told(wrote(900, "2@eu-west-1", "1@eu-west-1"), read(2_500, "1@eu-west-1")) == Losses(lost=(900,))


def test_a_write_of_a_key_that_is_not_found_is_lost() -> None:
    assert told(wrote(900, "1@eu-west-1", None), read(2_500, "none")) == Losses(lost=(900,))


def test_a_write_that_somebody_overwrote_without_having_seen_it_is_lost() -> None:
    history = (
        wrote(900, "2@eu-west-1", "1@eu-west-1"),
        wrote(2_100, "2@us-east-1", "1@eu-west-1", NEW),
        read(2_500, "2@us-east-1"),
    )

    assert told(*history) == Losses(lost=(900,))


def test_a_write_that_the_next_one_was_based_on_has_arrived() -> None:
    history = (
        wrote(900, "2@eu-west-1", "1@eu-west-1"),
        wrote(2_100, "3@us-east-1", "2@eu-west-1", NEW),
        wrote(2_200, "4@us-east-1", "3@us-east-1", NEW),
        read(2_500, "4@us-east-1"),
    )

    assert told(*history) == Losses()


def test_a_write_that_appears_later_is_delayed() -> None:
    history = (
        wrote(900, "2@eu-west-1", "1@eu-west-1"),
        read(2_100, "1@eu-west-1"),
        read(9_000, "2@eu-west-1"),
    )

    assert told(*history) == Losses(delayed=(900,))


def test_what_nobody_looks_at_again_is_unknown() -> None:
    assert told(wrote(900, "2@eu-west-1", "1@eu-west-1"), read(950, "2@eu-west-1", OLD)) == Losses(
        unknown=(900,)
    )


def test_another_region_tells_where_nobody_asks_the_new_one() -> None:
    assert told(wrote(900, "2@eu-west-1", None), read(3_000, "1@eu-west-1", THIRD)) == Losses(lost=(900,))


def test_a_write_that_lost_against_one_at_the_same_time_is_not_lost_by_the_failover() -> None:
    history = (
        wrote(100, "1@eu-west-1", None),
        wrote(900, "2@eu-west-1", "1@eu-west-1"),
        wrote(901, "2@us-east-1", "1@eu-west-1", NEW),
        read(2_500, "2@us-east-1"),
    )

    assert told(*history) == Losses()


def test_writes_after_the_fence_are_none_of_the_old_region() -> None:
    assert told(wrote(1_500, "2@eu-west-1", "1@eu-west-1"), read(2_500, "1@eu-west-1")) == Losses()


def test_of_a_log_that_is_replicated_in_order_the_rest_follows_from_what_is_known() -> None:
    history = (
        wrote(100, "1@eu-west-1", None, key="unread"),
        wrote(200, "1@eu-west-1", None, key="arrived"),
        read(2_500, "1@eu-west-1", key="arrived"),
        wrote(300, "1@eu-west-1", None, key="between"),
        wrote(400, "1@eu-west-1", None, key="lost"),
        read(2_500, "none", key="lost"),
        wrote(500, "1@eu-west-1", None, key="after"),
    )

    assert told(*history, in_order=True) == Losses(lost=(400, 500), unknown=(300,))


@pytest.mark.parametrize("version", ["", "x", "7", "@", "none", "12345678901234567890123@eu"])
def test_versions_of_another_form_are_no_error(version: str) -> None:
    found = told(wrote(900, version, version), wrote(950, "2@eu-west-1", version), read(2_500, version))

    assert len(found.lost) + len(found.delayed) + len(found.unknown) <= 2
