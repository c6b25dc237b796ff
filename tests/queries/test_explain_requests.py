"""Reasons that the failed request shows itself."""

from __future__ import annotations

from datetime import timedelta

from explain_situations import EU, US, answer, point, record, situation, span

from queries.explain.requests import code, dependency, throttling


def test_a_request_that_was_answered_429_was_throttled() -> None:
    refused = answer(429)

    reason = throttling(situation(refused))

    assert reason
    assert reason.confidence == 0.95
    assert [one.id for one in reason.evidence] == [refused.event_id]


def test_an_error_that_says_it_was_throttled_was() -> None:
    assert throttling(situation(record(error_type="ProvisionedThroughputExceededException")))
    assert throttling(situation(record(error_type="Error", message="Rate exceeded")))


def test_a_call_that_was_throttled_names_what_throttles() -> None:
    called = span("get", "function", kind="CLIENT", peer="sessions", throttled=True)

    reason = throttling(situation(record(), spans=[span("function"), called]))

    assert reason
    assert "sessions" in reason.evidence[0].says


def test_a_502_without_a_function_in_a_minute_with_throttles_is_burst_concurrency() -> None:
    throttled = point("AWS/Lambda/Throttles", 7, resource="shop-orders")

    reason = throttling(situation(answer(502), points=[throttled]))

    assert reason
    assert reason.confidence == 0.85
    assert throttled.series in [one.id for one in reason.evidence]


def test_a_502_with_throttles_in_another_region_was_not_throttled() -> None:
    assert throttling(situation(answer(502), points=[point("AWS/Lambda/Throttles", 7, US)])) is None


def test_a_502_whose_function_raised_was_not_throttled() -> None:
    throttled = point("AWS/Lambda/Throttles", 7)

    assert throttling(situation(record(), answer(502), points=[throttled])) is None


def test_the_deepest_failing_call_is_named_with_all_above_it() -> None:
    spans = [
        span("api", service="shop/prod"),
        span("function", "api"),
        span("pay", "function", kind="CLIENT", peer="payments.example.net", http_status=503),
        span("get", "function", failed=False, kind="CLIENT", peer="sessions"),
    ]

    reason = dependency(situation(record(), spans=spans))

    assert reason
    assert reason.confidence == 0.85
    assert [one.id for one in reason.evidence] == ["pay", "function", "api"]
    assert "payments.example.net" in reason.sentence


def test_a_call_that_was_refused_explains_less_than_one_that_failed() -> None:
    spans = [span("function"), span("put", "function", kind="CLIENT", peer="orders", http_status=400)]

    reason = dependency(situation(record(), spans=spans))

    assert reason
    assert reason.confidence == 0.5


def test_a_service_of_another_region_that_fails_is_a_dependency() -> None:
    spans = [span("function"), span("call", "function", kind="CLIENT"), span("writer", "call", region=US)]

    reason = dependency(situation(record(), spans=spans))

    assert reason
    assert reason.evidence[0].id == "writer"


def test_a_function_that_fails_by_itself_has_no_dependency_to_blame() -> None:
    spans = [span("api"), span("function", "api"), span("get", "function", failed=False, kind="CLIENT")]

    assert dependency(situation(record(), spans=spans)) is None


def test_without_spans_no_dependency_is_blamed() -> None:
    assert dependency(situation(record(message="Task timed out after 6.00 seconds"))) is None


def test_a_timeout_is_put_down_to_the_call_that_took_nearly_all_the_time() -> None:
    timed_out = record(error_type="Sandbox.Timedout", message="Task timed out after 6.00 seconds", stack="")
    spans = [
        span("function", failed=False, duration=timedelta(seconds=6)),
        span("pay", "function", failed=False, kind="CLIENT", duration=timedelta(seconds=5.9), peer="bank"),
    ]

    reason = dependency(situation(timed_out, spans=spans))

    assert reason
    assert "bank" in reason.sentence


def test_a_timeout_after_a_short_call_is_not_put_down_to_it() -> None:
    timed_out = record(error_type="Sandbox.Timedout", stack="")
    spans = [
        span("function", failed=False, duration=timedelta(seconds=6)),
        span("get", "function", failed=False, kind="CLIENT", duration=timedelta(seconds=0.1)),
    ]

    assert dependency(situation(timed_out, spans=spans)) is None


def test_spans_that_are_each_others_parents_are_read_to_an_end() -> None:
    assert dependency(
        situation(record(), spans=[span("a", "b", kind="CLIENT"), span("b", "a", kind="CLIENT")])
    )


def test_the_code_is_pointed_at_by_its_own_first_frame() -> None:
    raised = record()

    reason = code(situation(raised))

    assert reason.confidence == 0.6
    assert "orders/pricing.py line 57, in total" in reason.sentence
    assert reason.evidence[0].id == raised.event_id


def test_without_a_stack_trace_the_service_is_named() -> None:
    reason = code(situation(answer(500)))

    assert reason.confidence == 0.45
    assert "shop" in reason.sentence
    assert reason.evidence[0].region == EU


def test_a_message_of_the_user_is_not_repeated_in_a_sentence() -> None:
    leaky = record(message="no account of alice@example.com", stack="")

    for reason in (code(situation(leaky)), throttling(situation(answer(429, message="alice@example.com")))):
        assert reason
        assert "alice" not in reason.sentence
        assert not any("alice" in one.says for one in reason.evidence)
