"""Reasons that lie in replication."""

from __future__ import annotations

from datetime import timedelta

from explain_situations import AP, EU, US, at, point, read, record, situation, span, write

from queries.explain.records import NOTHING
from queries.explain.replication import local_only, lost_update, stale_read


def test_a_read_that_finds_nothing_of_a_write_elsewhere_is_stale() -> None:
    seen, written = read(NOTHING), write("1@us-east-1", -0.5)
    lag = point(
        "AWS/DynamoDB/ReplicationLatency", 1300, US, resource="sessions", source_region=US, target_region=EU
    )

    reason = stale_read(situation(own=[seen], others=[written], points=[lag]))

    assert reason
    assert reason.confidence == 0.9
    assert [one.id for one in reason.evidence] == [seen.op_id, written.op_id, lag.series]
    assert [one.table for one in reason.evidence] == ["logs", "logs", "metrics"]
    assert "1@us-east-1" in reason.sentence


def test_a_read_of_an_older_version_than_the_one_written_elsewhere_is_stale() -> None:
    chain = [write("3@eu-west-1", -60), write("4@us-east-1", -0.5, based_on="3@eu-west-1")]

    assert stale_read(situation(own=[read("3@eu-west-1")], others=chain))


def test_a_read_of_the_newest_version_is_not_stale() -> None:
    chain = [write("3@eu-west-1", -60), write("4@us-east-1", -0.5, based_on="3@eu-west-1")]

    assert stale_read(situation(own=[read("4@us-east-1")], others=chain)) is None


def test_a_read_of_a_version_that_follows_the_write_is_not_stale() -> None:
    chain = [write("4@us-east-1", -9), write("5@ap-southeast-1", -8, based_on="4@us-east-1")]

    assert stale_read(situation(own=[read("5@ap-southeast-1")], others=chain)) is None


def test_a_read_before_the_write_is_not_stale() -> None:
    assert stale_read(situation(own=[read(NOTHING, -2)], others=[write("1@us-east-1", 5)])) is None


def test_a_read_of_an_unknown_version_is_not_said_to_be_stale() -> None:
    assert stale_read(situation(own=[read(None)], others=[write("1@us-east-1", -0.5)])) is None


def test_a_read_in_the_region_of_the_write_is_no_matter_of_replication() -> None:
    assert stale_read(situation(own=[read(NOTHING, region=US)], others=[write("1@us-east-1", -0.5)])) is None


def test_a_write_to_another_key_explains_nothing() -> None:
    assert (
        stale_read(situation(own=[read(NOTHING)], others=[write("1@us-east-1", -1, key_hash="other")]))
        is None
    )


def test_clocks_that_are_known_to_differ_put_a_write_before_a_read() -> None:
    """By the clock of its region the write came 1.5 s after the read; that clock is 2 s ahead."""
    own, others = [read(NOTHING, -0.01)], [write("1@us-east-1", 1.49)]

    def clocks(one: str, other: str, time: object) -> tuple[timedelta, timedelta]:
        assert (one, other) == (US, EU)
        return timedelta(seconds=-2.1), timedelta(seconds=-1.9)

    assert stale_read(situation(own=own, others=others)) is None
    assert stale_read(situation(own=own, others=others, clocks=clocks))


def test_an_older_version_that_the_request_went_on_with_explains_less() -> None:
    chain = [write("3@eu-west-1", -60), write("4@us-east-1", -0.5, based_on="3@eu-west-1")]
    later = read("1@eu-west-1", -0.005, store="orders", key_hash="o")

    reason = stale_read(situation(own=[read("3@eu-west-1", -0.1), later], others=chain))

    assert reason
    assert reason.confidence == 0.5


def test_of_two_versions_that_did_not_know_each_other_the_one_that_survives_was_missed() -> None:
    ours = write("6@us-east-1", -0.50, based_on="5@eu-west-1")
    theirs = write("6@eu-west-1", -0.52, based_on="5@eu-west-1")
    after = read("6@us-east-1", 30)
    known = [write("5@eu-west-1", -60), ours, theirs, after]

    assert stale_read(situation(own=[read("6@eu-west-1")], others=known))
    assert lost_update(situation(own=[read("6@eu-west-1")], others=known)) is None


def test_a_write_that_another_did_not_know_and_that_lost_is_a_lost_update() -> None:
    lost = write("6@us-east-1", -2, based_on="5@eu-west-1")
    won = write("6@eu-west-1", -1.9, based_on="5@eu-west-1")
    seen = read("6@eu-west-1", region=US)

    reason = lost_update(
        situation(record(region=US), own=[seen], others=[write("5@eu-west-1", -60), lost, won])
    )

    assert reason
    assert [one.id for one in reason.evidence] == [seen.op_id, lost.op_id, won.op_id]
    assert stale_read(situation(own=[seen], others=[write("5@eu-west-1", -60), lost, won])) is None


def test_a_write_that_was_built_upon_is_not_lost() -> None:
    chain = [write("6@us-east-1", -2), write("7@eu-west-1", -1, based_on="6@us-east-1")]

    assert lost_update(situation(own=[read("7@eu-west-1", region=US)], others=chain)) is None


def test_an_update_whose_loss_was_read_there_before_explains_no_later_error() -> None:
    lost = write("6@us-east-1", -20, based_on="5@eu-west-1")
    won = write("6@eu-west-1", -19.9, based_on="5@eu-west-1")
    noticed = read("6@eu-west-1", -10, region=US)

    assert lost_update(situation(own=[read("6@eu-west-1", region=US)], others=[lost, won, noticed])) is None


def test_a_file_that_only_another_region_has_is_named_as_such() -> None:
    seen = read(NOTHING, store="files", layer="file")
    put = write("1@us-east-1", -9, store="files", layer="file")
    noted = write("1@us-east-1", -8.9, store="tracker", layer="file", state="local_only")

    reason = local_only(situation(own=[seen], others=[put, noted]))

    assert reason
    assert [one.id for one in reason.evidence] == [seen.op_id, noted.op_id]
    assert "local_only in us-east-1" in reason.sentence


def test_a_file_whose_state_was_read_here_is_still_where_its_version_says() -> None:
    noted = read("1@us-east-1", -3, store="tracker", state="local_only")

    assert local_only(situation(own=[read(NOTHING, store="files")], others=[noted]))


def test_a_file_that_was_replicated_meanwhile_is_not_local_only() -> None:
    notes = [
        write("1@us-east-1", -9, store="tracker", state="local_only"),
        write("2@us-east-1", -5, store="tracker", state="replicated"),
    ]

    assert local_only(situation(own=[read(NOTHING, store="files")], others=notes)) is None


def test_a_file_that_this_region_has_is_not_local_only_elsewhere() -> None:
    noted = write("1@eu-west-1", -9, store="tracker", state="local_only")

    assert local_only(situation(own=[read(NOTHING, store="files")], others=[noted])) is None


def test_a_chain_of_versions_that_goes_in_circles_ends() -> None:
    circle = [
        write("1@us-east-1", -9, based_on="2@us-east-1"),
        write("2@us-east-1", -8, based_on="1@us-east-1"),
    ]

    stale_read(situation(own=[read("5@eu-west-1", region=AP)], others=circle))
    lost_update(situation(own=[read("5@eu-west-1", region=AP)], others=circle))


def test_a_version_that_prevails_is_missed_even_if_the_one_that_was_read_was_written_later() -> None:
    known = [
        write("5@ap-southeast-1", -60),
        write("6@ap-southeast-1", -1.5, based_on="5@ap-southeast-1"),
        write("6@us-east-1", -1.4, based_on="5@ap-southeast-1"),
        read("6@ap-southeast-1", 20),
    ]

    assert stale_read(situation(own=[read("6@us-east-1")], others=known))


def test_a_lost_update_that_the_request_went_on_after_explains_less() -> None:
    writes = [write("6@us-east-1", -2, based_on="5@x"), write("6@eu-west-1", -1.9, based_on="5@x")]
    called = span("pay", "function", kind="CLIENT", region=US, time=at(0))

    reason = lost_update(situation(own=[read("6@eu-west-1", region=US)], others=writes, spans=[called]))

    assert reason
    assert reason.confidence == 0.5


def test_a_mistake_in_the_code_after_a_version_that_was_found_is_not_put_down_to_it() -> None:
    chain = [write("3@eu-west-1", -60), write("4@us-east-1", -0.5, based_on="3@eu-west-1")]

    reason = stale_read(situation(record(error_type="TypeError"), own=[read("3@eu-west-1")], others=chain))

    assert reason
    assert reason.confidence == 0.5
