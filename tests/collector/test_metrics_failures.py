"""CloudWatch refuses, breaks off, or answers in part: nothing is lost, nothing is there twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber
from cloudwatch import NOW, Cloud, ago, answer, minutes, rows, values
from collector_payloads import collector
from emulators import clients

from collector.metrics.pull import Metrics, pull
from collector.refusal import REFUSALS
from store.objects import Store


@pytest.fixture
def cloud(ministack: str) -> Cloud:
    return Cloud(ministack)


def throttled(request: Any) -> Any:
    return answer(400, json.dumps({"__type": "Throttling", "message": "Rate exceeded"}).encode())


def broken(request: Any) -> Any:
    return answer(503, b"{}")


def silent(request: Any) -> Any:
    raise ReadTimeoutError(endpoint_url=request.url)


def half(request: Any) -> Any:
    return answer(200, b'{"MetricDataResults":[{"Id":"q0","Label":"x","Timesta')


def after(calls: int, act: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Lets so many calls pass, and treats the others as `act` does."""
    left = iter(range(calls))
    return lambda request: None if next(left, None) is not None else act(request)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's retries are real, but their pauses are not waited for."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)


FAILURES = pytest.mark.parametrize(
    ("failure", "named"),
    [
        (throttled, "Throttling"),
        (broken, "503"),
        (silent, "ReadTimeoutError"),
        (half, "ResponseParserError"),
    ],
)


@FAILURES
def test_what_getmetricdata_refuses_is_pulled_by_the_next_run(
    cloud: Cloud, local_store: Store, failure: Callable[[Any], Any], named: str
) -> None:
    cloud.put(ago(*range(3, 23)))

    with cloud.failing("GetMetricData", failure):
        failed = cloud.pull(local_store, cloud.metric())
    again = cloud.pull(local_store, cloud.metric(), at=NOW + minutes(1))

    assert (failed.points, failed.behind) == (0, 1)
    assert failed.problems == [f"GetMetricData of 1 series: {named}"]
    assert (again.points, again.behind, again.problems) == (20, 0, [])
    assert len(rows(local_store)) == 20


@FAILURES
def test_a_batch_that_fails_does_not_cost_the_others(
    cloud: Cloud,
    local_store: Store,
    monkeypatch: pytest.MonkeyPatch,
    failure: Callable[[Any], Any],
    named: str,
) -> None:
    monkeypatch.setattr("collector.metrics.pull.BATCH", 2)
    functions = [f"f{number}" for number in range(6)]
    for function in functions:
        cloud.put(ago(*range(3, 8)), dimensions={"Function": function})

    with cloud.failing("GetMetricData", after(1, failure)):
        first = cloud.pull(local_store, cloud.metric())
    kept = {row["resource"] for row in rows(local_store)}
    cloud.put(ago(1), dimensions={"Function": "f0"})
    second = cloud.pull(local_store, cloud.metric(), at=NOW + minutes(2))

    assert (len(kept), first.points, first.behind) == (2, 10, 4)
    assert first.problems == [f"GetMetricData of 2 series: {named}"] * 2
    assert second.points == 20 + 1
    assert sorted({row["resource"] for row in rows(local_store)}) == functions
    assert len(rows(local_store)) == 31


@FAILURES
def test_a_namespace_that_cannot_be_listed_keeps_what_is_known_of_it(
    cloud: Cloud, local_store: Store, failure: Callable[[Any], Any], named: str
) -> None:
    cloud.put(ago(5))
    cloud.pull(local_store, cloud.metric())
    cloud.put(ago(1))

    with cloud.failing("ListMetrics", failure):
        run = cloud.pull(local_store, cloud.metric(), at=NOW + minutes(120))

    assert run.problems == [f"ListMetrics of {cloud.namespace}: {named}"]
    assert run.points == 1
    assert len(rows(local_store)) == 2


def test_a_run_that_could_not_list_anything_is_made_up_for(cloud: Cloud, local_store: Store) -> None:
    cloud.put(ago(*range(3, 303)))

    with cloud.failing("ListMetrics", broken):
        for age in (240, 120, 0):
            assert cloud.pull(local_store, cloud.metric(), at=NOW - minutes(age)).points == 0

    assert cloud.pull(local_store, cloud.metric(), at=NOW + minutes(1)).points == 300


def test_operators_are_told_of_problems_but_not_of_resources(
    cloud: Cloud, local_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    cloud.put(ago(5), dimensions={"Function": "secret-project"})

    with cloud.failing("GetMetricData", throttled), caplog.at_level(logging.INFO, "collector.metrics.pull"):
        cloud.pull(local_store, cloud.metric())

    (record,) = [record for record in caplog.records if record.name == "collector.metrics.pull"]
    assert record.levelno == logging.ERROR
    assert json.loads(record.message) == {
        "message": "metrics pulled",
        "region": "eu-west-1",
        "requests": 0,
        "points": 0,
        "behind": 1,
        "usd": 0.0,
        "problems": ["GetMetricData of 1 series: Throttling"],
    }
    assert "secret-project" not in caplog.text


def test_without_an_account_nothing_is_stored_under_a_wrong_series(cloud: Cloud, local_store: Store) -> None:
    cloud.put(ago(5))

    with cloud.failing("GetCallerIdentity", broken, "sts"), pytest.raises(REFUSALS):
        cloud.pull(local_store, cloud.metric())

    assert rows(local_store) == []


# What CloudWatch answers when it has to page or is in trouble, as its API reference documents it; emulators
# always answer at once and in full.

FUNCTIONS = ("orders", "search")


@pytest.fixture
def stubbed() -> Iterator[tuple[Stubber, Callable[..., Metrics]]]:
    """A CloudWatch that lists two functions, then answers as a test tells it to."""
    cloudwatch = clients("http://127.0.0.1:9", "eu-west-1")("cloudwatch")
    sts = clients("http://127.0.0.1:9", "eu-west-1")("sts")
    metric = Cloud("", namespace="Test").metric()
    with Stubber(cloudwatch) as stub, Stubber(sts) as who:
        who.add_response("get_caller_identity", {"Account": "123456789012"})
        listed = [
            {
                "Namespace": "Test",
                "MetricName": "Errors",
                "Dimensions": [{"Name": "Function", "Value": function}],
            }
            for function in FUNCTIONS
        ]
        stub.add_response("list_metrics", {"Metrics": listed[:1], "NextToken": "more"})
        stub.add_response("list_metrics", {"Metrics": listed[1:]}, {"Namespace": "Test", "NextToken": "more"})

        def run(store: Store, at: Any = NOW) -> Metrics:
            found = {"cloudwatch": cloudwatch, "sts": sts}
            pulled = pull(collector(store, now=lambda: at), found.__getitem__, {("Test", "Errors"): metric})
            stub.assert_no_pending_responses()
            return pulled

        yield stub, run


def result(id: str, status: str, *ages: int) -> dict[str, Any]:
    return {
        "Id": id,
        "Label": "Errors",
        "Timestamps": [NOW - minutes(age) for age in ages],
        "Values": [float(age) for age in ages],
        "StatusCode": status,
    }


def page(*results: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    return {"MetricDataResults": [*results], **({"NextToken": token} if token else {})}


def test_partial_data_is_fetched_on(stubbed: Any, local_store: Store) -> None:
    stub, run = stubbed
    first = page(result("q0", "PartialData", 9, 8), result("q1", "Complete", 9), token="t1")
    stub.add_response("get_metric_data", first)
    stub.add_response("get_metric_data", page(result("q0", "PartialData", 7), token="t2"))
    stub.add_response("get_metric_data", page(result("q0", "Complete", 6)))

    done = run(local_store)

    assert (done.behind, done.problems, done.requests) == (0, [], 6)
    assert sorted(value for _, value in values(local_store)) == [6, 7, 8, 9, 9]


def test_an_internal_error_is_retried_alone(stubbed: Any, local_store: Store) -> None:
    stub, run = stubbed
    stub.add_response("get_metric_data", page(result("q0", "Complete", 5), result("q1", "InternalError")))
    stub.add_response("get_metric_data", page(result("q1", "Complete", 4)))

    done = run(local_store)

    assert (done.behind, done.problems, done.requests) == (0, [], 3)
    assert [value for _, value in values(local_store)] == [5, 4]


def test_an_internal_error_that_stays_is_told_and_read_again_by_the_next_run(
    stubbed: Any, local_store: Store
) -> None:
    stub, run = stubbed
    stub.add_response("get_metric_data", page(result("q0", "Complete", 5), result("q1", "InternalError")))
    stub.add_response("get_metric_data", page(result("q1", "InternalError")))
    done = run(local_store)
    assert (done.behind, done.problems) == (1, ["GetMetricData of 1 series: InternalError"])

    stub.add_response("get_metric_data", page(result("q0", "Complete", 5)))
    stub.add_response("get_metric_data", page(result("q0", "Complete", 100, 4)))  # the one that is behind
    again = run(local_store, NOW + minutes(1))

    assert (again.behind, again.points) == (0, 2)
    assert [value for _, value in values(local_store)] == [100, 5, 4]


def test_a_call_that_fails_between_pages_keeps_what_came_and_reads_it_again(
    stubbed: Any, local_store: Store
) -> None:
    stub, run = stubbed
    first = page(result("q0", "PartialData", 9, 8), result("q1", "Complete", 9), token="t1")
    stub.add_response("get_metric_data", first)
    stub.add_client_error("get_metric_data", "InternalServiceFault", http_status_code=500)
    done = run(local_store)
    assert (done.points, done.behind) == (3, 1)

    stub.add_response("get_metric_data", page(result("q0", "Complete", 9, 8, 7)))
    stub.add_response("get_metric_data", page(result("q0", "Complete", 9)))
    again = run(local_store, NOW + minutes(1))

    assert (again.points, again.behind) == (1, 0)
    assert sorted(value for _, value in values(local_store)) == [7, 8, 9, 9]


def test_a_series_that_is_left_out_of_the_answer_is_not_taken_for_complete(
    stubbed: Any, local_store: Store
) -> None:
    stub, run = stubbed
    stub.add_response("get_metric_data", page(result("q0", "Complete", 5)))
    stub.add_response("get_metric_data", page())

    done = run(local_store)

    assert (done.behind, done.problems) == (1, ["GetMetricData of 1 series: no answer"])
