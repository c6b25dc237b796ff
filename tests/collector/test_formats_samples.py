"""The real payloads beside the repository, against what their MANIFEST expects."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from parsed_rows import rows

from collector.columns import Source
from collector.fields import FieldMap
from collector.lines import Content, split

Row = dict[str, Any]


def read(path: Path) -> tuple[Content, list[Row]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    content = split(path.name, data, Source("folder", path.name))
    parsed = [
        rows([message], source, FieldMap())[0]
        for message, source in zip(content.message, content.source, strict=True)
    ]
    return content, parsed


def logs(path: Path) -> list[Row]:
    """The rows of a decoded CloudWatch Logs document."""
    document = json.loads(path.read_text())
    messages = [
        event["message"] if isinstance(event["message"], str) else json.dumps(event["message"])
        for event in document["logEvents"]
    ]
    return rows(messages, Source(document["logGroup"], document["logStream"], document["owner"]), FieldMap())


def promtail(samples: Path, name: str) -> tuple[Content, list[Row]]:
    return read(samples / "grafana__lambda-promtail" / "testdata" / name)


def test_the_alb_object_is_two_requests_with_their_traces(samples: Path) -> None:
    _, found = promtail(samples, "albaccesslog.log.gz")
    assert [row["http_status"] for row in found] == [301, 404]
    assert [row["trace_id"] for row in found] == [
        "638f7ef81e68129e21ae504b7de0da3b",
        "638f7efb70296a81055f363c18df33b6",
    ]
    assert not any("duration_ms" in row for row in found)


def test_the_cloudfront_object_is_two_requests_under_its_header(samples: Path) -> None:
    content, found = promtail(samples, "cloudfront.log.gz")
    assert len(content) == 2
    assert content.source[0].header is not None
    assert len(content.source[0].header) == 33
    assert [row["http_status"] for row in found] == [200, 200]
    assert found[0]["request_id"] == "vKIiZi4-0_M3vVWN37wUKhQ3GSHWUnWIDXuZV1sHp-Xun2lLWNrwyB=="


def test_the_cloudtrail_object_is_one_event_per_record(samples: Path) -> None:
    content, found = promtail(samples, "cloudtrail-log-file.json.gz")
    assert [row["template"] for row in found] == [
        "sts.amazonaws.com AssumeRole",
        "ecr.amazonaws.com BatchGetImage",
    ]
    assert {row["region"] for row in found} == {"eu-west-3"}
    whole = gzip.decompress(
        (samples / "grafana__lambda-promtail/testdata/cloudtrail-log-file.json.gz").read_bytes()
    )
    assert all(message.encode() in whole for message in content.message)


def test_the_nlb_object_is_two_connections_without_a_trace(samples: Path) -> None:
    _, found = promtail(samples, "nlbaccesslog.log.gz")
    assert [row["service"] for row in found] == ["my-network-loadbalancer"] * 2
    assert not any("trace_id" in row for row in found)


def test_the_vpc_flow_object_is_three_records_after_its_header(samples: Path) -> None:
    _, found = promtail(samples, "vpcflowlog.log.gz")
    assert [row["time"] for row in found] == [1669842701000000, 1669842701000000, 1669842715000000]
    assert [row["account_id"] for row in found] == ["123456789012"] * 3


def test_the_waf_object_is_one_request(samples: Path) -> None:
    _, found = promtail(samples, "waflog.log.gz")
    assert [(row["time"], row["trace_id"]) for row in found] == [
        (1693457862729000, "64f01dc67d2deb5d54820c4d7284912a")
    ]


def test_the_msk_object_is_two_lines_with_level_and_time(samples: Path) -> None:
    _, found = promtail(samples, "msklog.log.gz")
    assert [(row["severity_text"], row["time"]) for row in found] == [
        ("INFO", 1751630275836000),
        ("INFO", 1751630275839000),
    ]


def test_the_s3_access_log_is_one_request(samples: Path) -> None:
    _, found = promtail(samples, "s3accesslog.log")
    assert [(row["http_status"], row["request_id"]) for row in found] == [(200, "3E57427F3EXAMPLE")]


def elb(samples: Path, name: str) -> tuple[Content, list[Row]]:
    folder = "open-telemetry__opentelemetry-collector-contrib/extension/encoding/awslogsencodingextension"
    return read(samples / folder / "internal/unmarshaler/elb-access-log/testdata" / name)


def test_alb_lines_with_thirty_fields_are_read_ipv6_too(samples: Path) -> None:
    _, found = elb(samples, "alb_al_valid_logs.log")
    assert [row["duration_ms"] for row in found] == [171.0, 171.0]
    assert [row["attributes"]["client.address"] for row in found] == [
        "192.168.131.39",
        "fe80::202:b3ff:fe1e:8329",
    ]
    assert {row["attributes"]["aws.elb.conn_trace_id"] for row in found} == {"TID_1234abcd5678ef90"}


def test_the_elb_control_object_is_a_control_message(samples: Path) -> None:
    content, found = elb(samples, "elb_control.log")
    assert (found, content.control, content.misfits) == ([], 1, [])


def test_the_printed_event_keeps_its_id_time_and_stream(samples: Path) -> None:
    folder = "amazon-contributing__opentelemetry-collector-contrib/receiver/awscloudwatchreceiver"
    content, found = read(samples / folder / "testdata/events/event-1.json")
    assert content.event_id == ["37140049665995015217793733901825489463841412966825590861"]
    assert content.time == [1665417425981000]
    assert content.source[0].log_stream == "kube-apiserver-audit-ea9c831555adca1815ae04b884b30566"
    assert found[0]["attributes"]["verb"] == "update"


def newrelic(samples: Path, name: str) -> list[Row]:
    return logs(samples / "newrelic__aws-log-ingestion/test/events" / name)


def test_the_out_of_memory_sample_is_a_report_and_an_exit_error(samples: Path) -> None:
    report, exited = newrelic(samples, "entry_lambda_oom.json")
    assert report["duration_ms"] == 3003.28
    assert (exited["error_type"], exited["severity_number"]) == ("Runtime.ExitError", 17)
    assert report["request_id"] == exited["request_id"] == "2ea49a23-ff39-4bf5-8761-439f99b7c5f6"


def test_the_timeout_sample_is_an_error_of_the_sandbox(samples: Path) -> None:
    _, timeout = newrelic(samples, "entry_lambda_timeout.json")
    assert (timeout["error_type"], timeout["severity_number"]) == ("Sandbox.Timedout", 17)


def test_the_rds_sample_reads_its_time_and_no_user(samples: Path) -> None:
    (found,) = newrelic(samples, "entry_rds.json")
    assert found["time"] == 1548935574000000
    assert found["attributes"]["cpuUtilization.user"] == "2.47"
    assert "user_id" not in found


def test_the_vpc_sample_without_data_has_its_account(samples: Path) -> None:
    (found,) = newrelic(samples, "entry_vpc_flow_logs.json")
    assert (found["account_id"], found["time"]) == ("463657938898", 1548934870000000)


def test_a_message_that_is_a_json_array_is_text(samples: Path) -> None:
    (found,) = newrelic(samples, "invoke_lambda.json")
    assert found["attributes"] == {}
    assert found["service"] == "HeathersBebeFunction3"


def test_the_datadog_sample_has_one_report_with_a_trace(samples: Path) -> None:
    folder = samples / "DataDog__datadog-serverless-functions/aws/logs_monitoring/tests/events"
    found = logs(folder / "cloudwatch_logs.json")
    assert len(found) == 19
    assert {row["service"] for row in found} == {"hello-dog-node-dev-hello12x"}
    traced = [row for row in found if "trace_id" in row]
    assert [row["template"] for row in traced] == ["REPORT"]
    assert traced[0]["trace_id"] == "5e61292ccc1229a4dfbeae1043928548"
    assert sum(row.get("request_id") == "f08bb4c8-d6b2-4f05-ac17-af7e2ba005fb" for row in found) >= 12
