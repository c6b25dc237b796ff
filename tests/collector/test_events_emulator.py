"""What an emulated AWS pushes in three regions is in the table exactly once."""

from __future__ import annotations

import time
from typing import Any

import pytest
from collector_payloads import collector
from emulators import REGIONS
from events_payloads import Json, committed
from state_cloud import Cloud

from store.commit import sweep
from store.objects import Store


def as_trigger(messages: list[Json]) -> Json:
    """What Lambda makes of messages of a queue."""
    records = [
        {
            "eventSource": "aws:sqs",
            "messageId": message["MessageId"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        for message in messages
    ]
    return {"Records": records}


class Alarm:
    """An alarm that tells a topic, which tells a queue."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        client = cloud.client(region)
        self.name, self.cloudwatch, self.sqs = cloud.name, client("cloudwatch"), client("sqs")
        topic = client("sns").create_topic(Name=cloud.name)["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName=cloud.name)["QueueUrl"]
        told = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told["Attributes"]["QueueArn"])
        self.cloudwatch.put_metric_alarm(
            AlarmName=cloud.name,
            Namespace=cloud.name,
            MetricName="Lag",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=5,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
            AlarmActions=[topic],
            OKActions=[topic],
        )

    def turns(self, state: str) -> Json:
        """Set the state, and wait for the message about it."""
        self.cloudwatch.set_alarm_state(AlarmName=self.name, StateValue=state, StateReason="drill")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer: Any = self.sqs.receive_message(
                QueueUrl=self.queue, WaitTimeSeconds=1, AttributeNames=["All"]
            )
            if messages := answer.get("Messages"):
                return as_trigger(messages)
        raise TimeoutError("no message about the alarm")


@pytest.mark.parametrize("times", [1, 3])
def test_alarms_of_three_regions_are_told_once_each_however_often_they_are_delivered(
    ministack: str, local_store: Store, times: int
) -> None:
    cloud = Cloud(ministack)
    for region in REGIONS:
        alarm = Alarm(cloud, region)
        deliveries = [alarm.turns("ALARM"), alarm.turns("OK")]
        for delivery in deliveries[::-1] * times:
            assert collector(local_store, region).collect(delivery)["batchItemFailures"] == []
    assert not sweep(local_store).failed

    rows = committed(local_store)
    assert sorted((row["region"], row["state"], row["kind"]) for row in rows) == sorted(
        (region, state, "alarm") for region in REGIONS for state in ("ALARM", "OK")
    )
