from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.columns import Source

Row = Callable[..., dict[str, Any]]


def micros(text: str) -> int:
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000_000)


ALB = (
    "https 2024-05-01T12:00:00.186641Z app/shop-public/50dc6c495c0c9188 192.0.2.17:2817 10.0.0.1:80 "
    '0.086 0.048 0.037 502 - 204 333 "GET https://shop.example.com:443/orders/7?full=1 HTTP/2.0" '
    '"Mozilla/5.0 (X11; Linux)" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2 "
    '"Self=1-67891234-12456789abcdef012345678a;Root=1-58337281-1d84f3d73c47ec4e58577259" '
    '"shop.example.com" "arn:aws:acm:eu-west-1:123456789012:certificate/12345678" 1 '
    '2024-05-01T12:00:00.000000Z "forward" "-" "-" "10.0.0.1:80" "-" "-" "-" TID_1234abcd5678ef90'
)


def test_an_alb_line_is_a_request_with_status_duration_and_trace(row: Row) -> None:
    assert row(ALB) == {
        "time": micros("2024-05-01T12:00:00.186641Z"),
        "service": "shop-public",
        "severity_number": 17,
        "trace_id": "583372811d84f3d73c47ec4e58577259",
        "http_status": 502,
        "duration_ms": 171.0,
        "template": "GET /orders/7 502",
        "attributes": {
            "aws.elb.type": "https",
            "aws.elb.name": "app/shop-public/50dc6c495c0c9188",
            "aws.elb.target:port": "10.0.0.1:80",
            "aws.elb.request_processing_time": "0.086",
            "aws.elb.target_processing_time": "0.048",
            "aws.elb.response_processing_time": "0.037",
            "http.request.size": "204",
            "http.response.size": "333",
            "user_agent.original": "Mozilla/5.0 (X11; Linux)",
            "tls.cipher": "ECDHE-RSA-AES128-GCM-SHA256",
            "tls.protocol.version": "TLSv1.2",
            "aws.elb.target_group_arn": (
                "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2"
            ),
            "server.address": "shop.example.com",
            "aws.elb.chosen_cert_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/12345678",
            "aws.elb.matched_rule_priority": "1",
            "aws.elb.request_creation_time": "2024-05-01T12:00:00.000000Z",
            "aws.elb.actions_executed": "forward",
            "aws.elb.target:port_list": "10.0.0.1:80",
            "aws.elb.conn_trace_id": "TID_1234abcd5678ef90",
            "client.address": "192.0.2.17",
            "client.port": "2817",
            "http.request.method": "GET",
            "url.scheme": "https",
            "url.path": "/orders/7",
            "url.query": "full=1",
            "network.protocol.version": "2.0",
        },
    }


def test_a_request_the_alb_never_dispatched_has_no_duration(row: Row) -> None:
    found = row(ALB.replace("10.0.0.1:80 0.086 0.048 0.037 502 -", "- -1 -1 -1 460 -"))
    assert "duration_ms" not in found
    assert (found["http_status"], found["severity_number"]) == (460, 13)


def test_fields_an_alb_may_add_at_the_end_do_no_harm(row: Row) -> None:
    assert row(ALB + ' new "and newer"') == row(ALB)
    assert row(ALB.removesuffix(" TID_1234abcd5678ef90"))["http_status"] == 502


def test_ipv6_clients_stand_in_brackets(row: Row) -> None:
    found = row(ALB.replace("192.0.2.17:2817", "[2001:db8::1]:443"))
    assert (found["attributes"]["client.address"], found["attributes"]["client.port"]) == (
        "2001:db8::1",
        "443",
    )


def test_a_request_line_the_alb_could_not_read_leaves_no_path(row: Row) -> None:
    found = row(
        ALB.replace("GET https://shop.example.com:443/orders/7?full=1 HTTP/2.0", "- https://1.2.3.4:443- -")
    )
    assert found["template"] == "502"
    assert "url.path" not in found["attributes"]


def test_a_line_that_only_begins_like_an_alb_line_is_plain_text(row: Row) -> None:
    line = "https 2024-05-01T12:00:00.186641Z is when it broke"
    assert row(line) == {"template": line, "attributes": {}}


def test_a_classic_load_balancer_has_neither_type_nor_trace(row: Row) -> None:
    found = row(
        "2024-05-01T12:00:00.945958Z shop-lb 192.0.2.1:2817 10.0.0.1:80 0.000073 0.001048 0.000057 "
        '200 200 0 29 "GET http://shop.example.com:80/ HTTP/1.1" "curl/7.38.0" - -'
    )
    assert (found["service"], found["http_status"], found["duration_ms"]) == ("shop-lb", 200, 1.178)
    assert found["template"] == "GET / 200"


def test_a_network_load_balancer_logs_tls_connections(row: Row) -> None:
    found = row(
        "tls 2.0 2024-05-01T12:00:00 net/shop-net/c6e77e28c25b2234 g3d4 192.0.2.1:51341 10.0.0.1:443 "
        "5 2 98 246 - arn:aws:acm:eu-west-1:1:certificate/2a - ECDHE-RSA-AES128-SHA tlsv12 - "
        'shop.example.com h2 h2 "h2","http/1.1" 2024-05-01T11:59:55'
    )
    assert (found["service"], found["duration_ms"]) == ("shop-net", 5.0)
    assert found["attributes"]["aws.elb.alpn_client_preference_list"] == "h2,http/1.1"
    assert found["attributes"]["aws.elb.tls_connection_creation_time"] == "2024-05-01T11:59:55"
    assert found["attributes"]["tls.protocol.version"] == "tlsv12"
    assert "trace_id" not in found


CLOUDFRONT = "\t".join(
    [
        *(
            "2024-05-01",
            "12:00:00",
            "FRA56-P1",
            "9012",
            "192.0.2.1",
            "GET",
            "d111.cloudfront.net",
            "/view/p.html",
        ),
        *(
            "404",
            "-",
            "Mozilla/5.0%20(X11;%20Linux)",
            "a=1",
            "-",
            "Error",
            "MRVMF7KydIvxMWfJIglgwHQwZsbG2IhRJ07sn9==",
        ),
        *(
            "shop.example.com",
            "https",
            "23",
            "0.199",
            "-",
            "TLSv1.3",
            "TLS_AES_128_GCM_SHA256",
            "Error",
            "HTTP/2.0",
        ),
        *("-", "-", "11040", "0.198", "Error", "text/html", "78", "-", "-"),
    ]
)


def test_a_cloudfront_line_follows_the_default_order(row: Row) -> None:
    found = row(CLOUDFRONT)
    assert found["time"] == micros("2024-05-01T12:00:00Z")
    assert (found["http_status"], found["severity_number"], found["duration_ms"]) == (404, 13, 199.0)
    assert found["request_id"] == "MRVMF7KydIvxMWfJIglgwHQwZsbG2IhRJ07sn9=="
    assert found["service"] == "d111.cloudfront.net"
    assert found["template"] == "GET /view/p.html 404"
    attributes = found["attributes"]
    assert attributes["user_agent.original"] == "Mozilla/5.0 (X11; Linux)"
    assert attributes["server.address"] == "shop.example.com"
    assert attributes["aws.cloudfront.x-edge-location"] == "FRA56-P1"
    assert "http.request.header.referer" not in attributes


def test_a_cloudfront_line_follows_the_order_its_file_declared(row: Row) -> None:
    header = ("timestamp", "c-ip", "sc-status", "x-edge-location", "cs-uri-stem", "new-field")
    found = row("1714564800.250\t192.0.2.1\t200\tFRA56-P1\t/x\tv", Source(header=header))
    assert (found["time"], found["http_status"]) == (micros("2024-05-01T12:00:00.250Z"), 200)
    assert found["attributes"]["aws.cloudfront.new-field"] == "v"


def test_cloudfront_can_write_json(row: Row) -> None:
    found = row(
        '{"timestamp(ms)":"1714564800250","x-edge-location":"FRA56-P1","sc-status":"503","cs-method":"GET",'
        '"cs-uri-stem":"/x","time-taken":"0.5","x-edge-request-id":"id==","cs(Referer)":"-"}'
    )
    assert (found["http_status"], found["severity_number"], found["duration_ms"]) == (503, 17, 500.0)
    assert (found["time"], found["request_id"]) == (micros("2024-05-01T12:00:00.250Z"), "id==")
    assert found["attributes"]["http.request.header.referer"] is None


def test_a_vpc_flow_record_has_account_time_and_addresses(row: Row) -> None:
    found = row(
        "2 123456789012 eni-0a1b 10.0.0.5 192.0.2.9 49152 443 6 10 840 1714564800 1714564860 REJECT OK"
    )
    assert found == {
        "time": micros("2024-05-01T12:00:00Z"),
        "account_id": "123456789012",
        "template": "eni-0a1b REJECT OK",
        "attributes": {
            "aws.vpc.flow.version": "2",
            "network.interface.name": "eni-0a1b",
            "source.address": "10.0.0.5",
            "destination.address": "192.0.2.9",
            "source.port": "49152",
            "destination.port": "443",
            "aws.vpc.flow.protocol": "6",
            "aws.vpc.flow.packets": "10",
            "aws.vpc.flow.bytes": "840",
            "aws.vpc.flow.end": "1714564860",
            "aws.vpc.flow.action": "REJECT",
            "aws.vpc.flow.log-status": "OK",
        },
    }


def test_a_vpc_flow_record_without_data_has_no_addresses(row: Row) -> None:
    found = row("2 123456789012 eni-0a1b - - - - - - - 1714564800 1714564860 - NODATA")
    assert "source.address" not in found["attributes"]
    assert found["attributes"]["aws.vpc.flow.log-status"] == "NODATA"


def test_a_vpc_flow_record_follows_the_header_of_its_file(row: Row) -> None:
    header = ("region", "srcaddr", "start", "instance-id", "flow-direction")
    found = row("eu-west-1 10.0.0.5 1714564800 i-0a1b ingress", Source(header=header))
    assert (found["region"], found["time"]) == ("eu-west-1", micros("2024-05-01T12:00:00Z"))
    assert found["attributes"]["host.id"] == "i-0a1b"


def test_a_route_53_query_has_name_type_and_answer(row: Row) -> None:
    found = row(
        "1.0 2024-05-01T12:00:00.130Z Z123412341234 shop.example.com AAAA NXDOMAIN UDP FRA6 192.0.2.1 -"
    )
    assert found["time"] == micros("2024-05-01T12:00:00.130Z")
    assert found["template"] == "AAAA shop.example.com NXDOMAIN"
    assert found["attributes"]["dns.response_code"] == "NXDOMAIN"
    assert found["attributes"]["client.address"] == "192.0.2.1"


S3 = (
    f"{'79a5' * 16} files-eu [01/May/2024:12:00:00 +0000] 192.0.2.3 arn:aws:iam::1:user/x 3E57427F3EXAMPLE "
    'REST.GET.OBJECT a/b%2520c.pdf "GET /files-eu/a/b%20c.pdf?versionId=x HTTP/1.1" '
    '404 NoSuchKey 243 - 7 - "-" "S3Console/0.4, aws-internal/3" - s9lzHYrFp76ZVxRcpX9= '
    "SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader files-eu.s3.eu-west-1.amazonaws.com TLSv1.2 - -"
)


def test_an_s3_access_log_names_request_status_and_error(row: Row) -> None:
    found = row(S3)
    assert found["time"] == micros("2024-05-01T12:00:00Z")
    assert (found["request_id"], found["http_status"], found["duration_ms"]) == ("3E57427F3EXAMPLE", 404, 7.0)
    assert (found["error_type"], found["severity_number"]) == ("NoSuchKey", 13)
    assert found["template"] == "REST.GET.OBJECT files-eu 404 NoSuchKey"
    assert found["attributes"]["aws.s3.key"] == "a/b%2520c.pdf"
    assert found["attributes"]["aws.extended_request_id"].startswith("s9lz")
    assert found["attributes"]["user_agent.original"] == "S3Console/0.4, aws-internal/3"


def test_the_clf_template_of_api_gateway_carries_the_request_ids(row: Row) -> None:
    found = row(
        '192.0.2.1 - - [01/May/2024:14:00:00 +0200] "GET /orders/{id} HTTP/1.1" 504 41 7d5c8dfc-5eda '
        "TWegAcC4EowCHnA="
    )
    assert found["time"] == micros("2024-05-01T12:00:00Z")
    assert (found["http_status"], found["severity_number"], found["request_id"]) == (504, 17, "7d5c8dfc-5eda")
    assert found["template"] == "GET /orders/{id} 504"
    assert found["attributes"] == {
        "client.address": "192.0.2.1",
        "http.response.body.size": "41",
        "aws.extended_request_id": "TWegAcC4EowCHnA=",
        "http.request.method": "GET",
        "url.path": "/orders/{id}",
        "network.protocol.version": "1.1",
    }


def test_the_combined_format_of_web_servers_names_its_user(row: Row) -> None:
    found = row(
        '192.0.2.1 - frank [01/May/2024:12:00:00 +0000] "GET /a b.gif HTTP/1.0" 200 2326 '
        '"http://shop.example.com/" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
    )
    assert (found["user_id"], found["http_status"], found["severity_number"]) == ("frank", 200, 9)
    assert found["attributes"]["url.path"] == "/a b.gif"
    assert found["attributes"]["user_agent.original"] == "Mozilla/4.08 [en] (Win98; I ;Nav)"


@pytest.mark.parametrize("status", ["-", "abc", "99", "600", "200.5"])
def test_a_status_that_is_none_leaves_the_severity_unknown(row: Row, status: str) -> None:
    found = row(ALB.replace(" 502 ", f" {status} "))
    assert "http_status" not in found
    assert "severity_number" not in found


def test_a_declared_header_of_another_service_is_ignored(row: Row) -> None:
    assert row("2024-05-01 12:00:00 hello", Source(header=("date", "time", "s-ip")))["template"] == "hello"
