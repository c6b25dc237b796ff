"""What each trigger wants to hear when an invocation is over."""

from __future__ import annotations

from typing import Any

from collector.accounting import Accounting
from collector.invocation import Invocation


def response(invocation: Invocation) -> dict[str, Any]:
    """The trigger's own result, with the accounting in it.

    Kinesis and SQS deliver `batchItemFailures` again (Lambda developer guide, "Reporting batch item
    failures"). Firehose wants one result per recordId (Firehose developer guide, "Data transformation"), and
    all in 6 MB: so is its request, and a result is shorter than the record it answers. Everything else is
    delivered again as a whole, which is asked for by raising what went wrong.
    """
    counts = invocation.accounting().counts()
    if invocation.trigger in ("kinesis", "sqs"):
        if None in invocation.failures:  # a record that has no name to be asked for by
            raise invocation.failures[None]
        failures = [{"itemIdentifier": item} for item in invocation.failures]
        return {"batchItemFailures": failures, "regionscope": counts}
    invocation.check()
    if invocation.trigger == "firehose":
        return {"records": _results(invocation), "regionscope": counts}
    return counts


def _results(invocation: Invocation) -> list[dict[str, str]]:
    """Dropped, as it is stored and need not go on; ProcessingFailed if nothing of it could be read."""
    return [
        {"recordId": item, "result": _result(invocation.account(item))}
        for item in invocation.items
        if item is not None
    ]


def _result(account: Accounting) -> str:
    return "ProcessingFailed" if 0 < account.received == account.quarantined else "Dropped"
