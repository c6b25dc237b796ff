"""Reasons that lie in the platform, and what is only a coincidence."""

from __future__ import annotations

from explain_situations import (
    AP,
    EU,
    NOON,
    US,
    answer,
    burst,
    event,
    point,
    read,
    record,
    situation,
    span,
    steady,
    write,
)

from queries.explain.answer import reasons
from queries.explain.platform import (
    COINCIDENCE,
    CONFIRMED,
    LIKELY,
    MATCHED,
    deployment,
    drill,
    failover,
    new_fingerprint,
    regional_outage,
)
from queries.explain.records import NOTHING
from queries.explain.situation import MINUTE

BUG = record()
DOWN = record(error_type="DatabaseUnavailableError", message="no connection to cluster", pattern="down")
MOVED = event("failover", -60, "failing-over", EU, subject="shop", from_region=EU, to_region=US)


def test_what_is_unavailable_while_the_database_fails_over_is_put_down_to_it() -> None:
    reason = failover(situation(DOWN, events=[MOVED], errors=burst(DOWN, 4)))

    assert reason
    assert reason.confidence == CONFIRMED
    assert MOVED.event_id in [one.id for one in reason.evidence]
    assert "from eu-west-1 to us-east-1" in reason.sentence


def test_an_error_that_is_as_frequent_as_ever_is_not_put_down_to_a_failover() -> None:
    reason = failover(situation(DOWN, events=[MOVED], errors=burst(DOWN, 4, since=-120)))

    assert reason
    assert reason.confidence == COINCIDENCE


def test_an_error_of_the_code_during_a_failover_is_one_of_the_code() -> None:
    found = reasons(situation(BUG, events=[MOVED], errors=burst(BUG, 1, since=-120)))

    assert [reason.name for reason in found] == ["code", "failover"]


def test_errors_that_rise_with_a_failover_are_likely_due_to_it() -> None:
    reason = failover(situation(BUG, events=[MOVED], errors=burst(BUG, 5)))

    assert reason
    assert reason.confidence == LIKELY


def test_a_failover_of_long_ago_or_after_the_error_explains_nothing() -> None:
    for seconds in (-3600, 600):
        moved = event("failover", seconds, "failing-over")
        assert failover(situation(DOWN, events=[moved], errors=burst(DOWN, 4))) is None


def test_a_region_that_fails_what_it_is_asked_is_out() -> None:
    failing = point("AWS/Route53/HealthCheckStatus", 0, US, resource="check", target_region=EU)
    surrounded = {"requests": steady({EU: 80}), "points": [failing]}

    reason = regional_outage(situation(answer(503), **surrounded))

    assert reason
    assert reason.confidence == CONFIRMED
    assert failing.series in [one.id for one in reason.evidence]


def test_a_region_that_fails_without_a_health_check_that_says_so_is_out_with_less_confidence() -> None:
    reason = regional_outage(situation(answer(503), requests=steady({EU: 80})))

    assert reason
    assert reason.confidence == MATCHED


def test_one_503_does_not_make_an_outage() -> None:
    assert regional_outage(situation(answer(503), requests=steady())) is None


def test_the_failing_health_check_of_another_region_is_none_of_this_one() -> None:
    failing = point("AWS/Route53/HealthCheckStatus", 0, US, resource="check", target_region=AP)

    assert regional_outage(situation(answer(503), points=[failing])) is None


def test_an_exception_of_the_code_in_a_region_that_is_out_is_one_of_the_code() -> None:
    found = reasons(situation(BUG, answer(500), requests=steady({EU: 80})))

    assert found[0].name == "code"


def test_a_call_to_a_region_that_is_out_names_that_region() -> None:
    unreachable = record(error_type="WriterUnreachable", message="no answer from the writer in us-east-1")

    reason = regional_outage(situation(unreachable, requests=steady({US: 80})))

    assert reason
    assert reason.sentence.startswith("us-east-1 was out")


def test_a_call_to_a_region_that_answers_nothing_any_more_names_that_region() -> None:
    silent = [one for one in steady() if one[0] != US or one[1] < NOON - 4 * MINUTE]
    unreachable = record(error_type="ConnectTimeout", message="connect timeout", pattern="t")
    called = span("call", "function", kind="CLIENT", region=US)

    reason = regional_outage(situation(unreachable, spans=[called], requests=silent))

    assert reason
    assert "answered nothing any more" in reason.sentence


def test_a_region_that_falls_silent_in_this_very_minute_is_named_once_the_next_one_is_known() -> None:
    silent = [one for one in steady() if one[0] != US or one[1] <= NOON]
    unreachable = record(error_type="ConnectTimeout", message="connect timeout", pattern="t")
    called = span("call", "function", kind="CLIENT", region=US)

    reason = regional_outage(situation(unreachable, spans=[called], requests=silent))
    unknown = [one for one in steady() if one[1] <= NOON]  # nobody's next minute is there yet

    assert reason
    assert "answered nothing any more" in reason.sentence
    assert regional_outage(situation(unreachable, spans=[called], requests=unknown)) is None


def test_a_region_without_data_is_not_said_to_have_fallen_silent() -> None:
    unreachable = record(error_type="ConnectTimeout", message="connect timeout in ca-central-1")

    assert regional_outage(situation(unreachable)) is None


def test_a_notice_of_aws_alone_is_a_coincidence() -> None:
    notice = event("aws_health", -600, "open", EU, subject="LAMBDA")

    reason = regional_outage(situation(answer(502), events=[notice]))

    assert reason
    assert reason.confidence == COINCIDENCE
    closed = event("aws_health", -300, "closed", EU, subject="LAMBDA")
    assert regional_outage(situation(answer(502), events=[notice, closed])) is None


def test_errors_that_rise_after_a_deployment_there_and_not_elsewhere_are_put_down_to_it() -> None:
    deployed = event("deployment", -180, "SUCCESS", subject="shop-orders")
    spans = [span("function")]

    reason = deployment(situation(BUG, spans=spans, events=[deployed], errors=burst(BUG, 6)))

    assert reason
    assert reason.confidence == MATCHED
    assert reason.evidence[0].id == deployed.event_id
    assert "3 min before" in reason.sentence


def test_errors_that_rise_everywhere_are_not_put_down_to_a_deployment_in_one_region() -> None:
    deployed = event("deployment", -180, "SUCCESS", subject="shop-orders")
    everywhere = [*burst(BUG, 6), *burst(BUG, 6, US), *burst(BUG, 6, AP)]

    reason = deployment(situation(BUG, spans=[span("function")], events=[deployed], errors=everywhere))

    assert reason
    assert reason.confidence == COINCIDENCE


def test_a_deployment_alone_does_not_beat_the_code() -> None:
    deployed = event("deployment", -180, "SUCCESS", subject="shop-orders")

    found = reasons(
        situation(BUG, spans=[span("function")], events=[deployed], errors=burst(BUG, 1, since=2))
    )

    assert [reason.name for reason in found[:2]] == ["code", "deployment"]


def test_a_deployment_of_another_service_or_region_or_after_the_error_is_not_mentioned() -> None:
    for deployed in (
        event("deployment", -180, "SUCCESS", subject="shop-files"),
        event("deployment", -180, "SUCCESS", US, subject="shop-orders"),
        event("deployment", 30, "SUCCESS", subject="shop-orders"),
    ):
        assert deployment(situation(BUG, spans=[span("function")], events=[deployed])) is None


def test_a_drill_is_mentioned_while_it_is_on() -> None:
    began = event("drill", -60, "running", EU, subject="EXP1")

    reason = drill(situation(BUG, events=[began]))

    assert reason
    assert reason.confidence == COINCIDENCE
    assert drill(situation(BUG, events=[began, event("drill", -10, "completed", EU, subject="EXP1")])) is None
    assert drill(situation(BUG, events=[event("drill", -60, "running", AP, subject="EXP1")])) is None


def test_a_drill_in_the_region_that_a_read_was_sent_to_is_mentioned() -> None:
    began = event("drill", -60, "running", AP, subject="EXP1")

    assert drill(situation(BUG, own=[read("1@eu-west-1", region=EU, served_by=AP)], events=[began]))


def test_a_kind_of_error_that_was_not_seen_for_an_hour_is_new() -> None:
    assert new_fingerprint(situation(BUG, errors=burst(BUG, 1)))
    assert new_fingerprint(situation(BUG, errors=burst(BUG, 1, since=-110))) is None


def test_where_nobody_knows_what_was_before_nothing_is_new() -> None:
    lately = [one for one in steady() if one[1] > NOON - 10 * MINUTE]

    assert new_fingerprint(situation(BUG, errors=burst(BUG, 1), requests=lately)) is None


def test_reasons_are_ordered_by_confidence_and_the_code_is_left_out_if_another_is_surer() -> None:
    began = event("drill", -60, "running", EU, subject="EXP1")
    own, others = [read(NOTHING)], [write("1@us-east-1", -0.5)]

    found = reasons(situation(BUG, own=own, others=others, events=[began]))

    assert [reason.name for reason in found] == ["stale_read", "drill"]
    assert all(reason.evidence for reason in found)


def test_an_error_with_nothing_around_it_is_one_of_the_code() -> None:
    found = reasons(situation(BUG, requests=[]))

    assert [reason.name for reason in found] == ["code"]
