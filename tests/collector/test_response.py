from __future__ import annotations

import json

import pytest

from collector.accounting import Accounting
from collector.invocation import Invocation
from collector.response import response


def invocation(trigger: str, **accounts: Accounting) -> Invocation:
    made = Invocation(trigger, now=0)
    for item, account in accounts.items():
        made.begin(item)
        made.account(item).add(account)
    return made


@pytest.mark.parametrize("trigger", ["kinesis", "sqs"])
def test_streams_and_queues_hear_of_the_failed_items_in_their_order(trigger: str) -> None:
    made = invocation(trigger, a=Accounting(1, 1), b=Accounting(2, 1), c=Accounting(3, 1))
    made.fail(["c", "b"], ConnectionError())
    assert response(made) == {
        "batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "b"}],
        "regionscope": Accounting(1, 1).counts(),
    }


def test_nothing_failed_is_an_empty_list() -> None:
    assert response(invocation("sqs"))["batchItemFailures"] == []


def test_a_firehose_result_says_whether_a_record_was_readable() -> None:
    made = invocation(
        "firehose",
        stored=Accounting(received=2, stored=2),
        mixed=Accounting(received=2, stored=1, quarantined=1),
        control=Accounting(received=1, control=1),
        empty=Accounting(),
        unreadable=Accounting(received=2, quarantined=2),
    )
    results = {record["recordId"]: record["result"] for record in response(made)["records"]}
    assert results == {
        "stored": "Dropped",
        "mixed": "Dropped",
        "control": "Dropped",
        "empty": "Dropped",
        "unreadable": "ProcessingFailed",
    }


def test_a_firehose_answer_is_smaller_than_its_request() -> None:
    ids = [f"{number:066d}" for number in range(20_000)]
    made = invocation("firehose", **{id: Accounting(1, quarantined=1) for id in ids})
    smallest = [{"recordId": id, "approximateArrivalTimestamp": 1772366400000, "data": ""} for id in ids]
    assert len(json.dumps(response(made))) < len(json.dumps(smallest))


@pytest.mark.parametrize("trigger", ["firehose", "cloudwatch", "sns", "s3", "eventbridge", "unknown"])
def test_other_triggers_get_the_error(trigger: str) -> None:
    made = invocation(trigger, a=Accounting(1, 1))
    made.fail(["a"], ConnectionError("down"))
    with pytest.raises(ConnectionError, match="down"):
        response(made)


def test_an_item_without_a_name_cannot_be_asked_for_alone() -> None:
    made = invocation("kinesis", a=Accounting(1, 1))
    made.fail(["a", None], ConnectionError("down"))
    with pytest.raises(ConnectionError, match="down"):
        response(made)


def test_the_rest_hear_the_accounting() -> None:
    assert response(invocation("cloudwatch", a=Accounting(1, 1))) == Accounting(1, 1).counts()
