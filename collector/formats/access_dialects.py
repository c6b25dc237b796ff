"""Which fields AWS's line-based logs have, in their order, and what they mean. Names are AWS's own."""

from __future__ import annotations

from collector.formats.dialect import Dialect


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# What the request line and the address fields are taken apart into.
_REQUEST = (("http.request.method",), ("url.path",))
_HTTP = {
    "received_bytes": "http.request.size",
    "sent_bytes": "http.response.size",
    "user_agent": "user_agent.original",
    "ssl_cipher": "tls.cipher",
    "ssl_protocol": "tls.protocol.version",
    "domain_name": "server.address",
    "referer": "http.request.header.referer",
}

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
ALB_FIELDS = _names(
    "type time elb client:port target:port request_processing_time target_processing_time"
    " response_processing_time elb_status_code target_status_code received_bytes sent_bytes request"
    " user_agent ssl_cipher ssl_protocol target_group_arn trace_id domain_name chosen_cert_arn"
    " matched_rule_priority request_creation_time actions_executed redirect_url error_reason target:port_list"
    " target_status_code_list classification classification_reason conn_trace_id"
)

# https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html
CLB_FIELDS = _names(
    "time elb client:port backend:port request_processing_time backend_processing_time"
    " response_processing_time elb_status_code backend_status_code received_bytes sent_bytes request"
    " user_agent ssl_cipher ssl_protocol"
)

ELB = Dialect(
    columns={
        "time": "time",
        "elb_status_code": "http_status",
        "trace_id": "trace_id",
        "duration_ms": "duration_ms",
    },
    attributes={**_HTTP, "elb": "aws.elb.name"},
    prefix="aws.elb.",
    template=(*_REQUEST, ("elb_status_code",)),
    by_status=True,
    dashes=True,
)

# https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
NLB_FIELDS = _names(
    "type version time elb listener client:port destination:port connection_time tls_handshake_time"
    " received_bytes sent_bytes incoming_tls_alert chosen_cert_arn chosen_cert_serial tls_cipher"
    " tls_protocol_version tls_named_group domain_name alpn_fe_protocol alpn_be_protocol"
    " alpn_client_preference_list tls_connection_creation_time"
)
NLB = Dialect(
    columns={"time": "time", "connection_time": "duration_ms"},
    attributes={
        "elb": "aws.elb.name",
        "tls_cipher": "tls.cipher",
        "tls_protocol_version": "tls.protocol.version",
        "domain_name": "server.address",
    },
    prefix="aws.elb.",
    template=(("type",), ("elb",), ("incoming_tls_alert",)),
    dashes=True,
)

# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
CLOUDFRONT_FIELDS = _names(
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer)"
    " cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol"
    " cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type"
    " cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte"
    " x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"
)
CLOUDFRONT = Dialect(
    columns={
        "timestamp": "time",
        "timestamp(ms)": "time",
        "sc-status": "http_status",
        "time-taken": "duration_s",
        "x-edge-request-id": "request_id",
        "cs(Host)": "service",
    },
    attributes={
        "c-ip": "client.address",
        "c-port": "client.port",
        "cs-method": "http.request.method",
        "cs-protocol": "url.scheme",
        "cs-uri-stem": "url.path",
        "cs-uri-query": "url.query",
        "cs-bytes": "http.request.size",
        "sc-bytes": "http.response.size",
        "x-host-header": "server.address",
        "cs(User-Agent)": "user_agent.original",
        "cs(Referer)": "http.request.header.referer",
        "x-forwarded-for": "http.request.header.x-forwarded-for",
        "ssl-protocol": "tls.protocol.version",
        "ssl-cipher": "tls.cipher",
    },
    prefix="aws.cloudfront.",
    template=(("cs-method",), ("cs-uri-stem",), ("sc-status",)),
    marks=(frozenset({"x-edge-location", "sc-status"}),),  # standard logging v2 can write JSON
    by_status=True,
    dashes=True,
)

# https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html: version 2, and the later fields
VPC_FLOW_FIELDS = _names(
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
    " log-status"
)
VPC_FLOW_NAMES = {
    *VPC_FLOW_FIELDS,
    *_names(
        "vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type"
        " sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path ecs-cluster-arn"
        " ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id"
        " ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id"
        " reject-reason resource-id encryption-status"
    ),
}
VPC_FLOW = Dialect(
    columns={"start": "time", "account-id": "account_id", "region": "region"},
    attributes={
        "srcaddr": "source.address",
        "srcport": "source.port",
        "dstaddr": "destination.address",
        "dstport": "destination.port",
        "instance-id": "host.id",
        "interface-id": "network.interface.name",
    },
    prefix="aws.vpc.flow.",
    template=(("interface-id",), ("action",), ("log-status",)),
    dashes=True,
)

# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html
ROUTE53_FIELDS = _names(
    "version time hosted-zone-id query-name query-type response-code protocol edge-location"
    " resolver-ip edns-client-subnet"
)
ROUTE53 = Dialect(
    columns={"time": "time"},
    attributes={
        "query-name": "dns.question.name",
        "query-type": "dns.question.type",
        "response-code": "dns.response_code",
        "protocol": "network.transport",
        "resolver-ip": "client.address",
    },
    prefix="aws.route53.",
    template=(("query-type",), ("query-name",), ("response-code",)),
    dashes=True,
)

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
S3_FIELDS = _names(
    "bucket_owner bucket time remote_ip requester request_id operation key request http_status error_code"
    " bytes_sent object_size total_time turn_around_time referer user_agent version_id host_id"
    " signature_version cipher_suite auth_type host_header tls_version access_point_arn acl_required"
)
S3 = Dialect(
    columns={"time": "time", "total_time": "duration_ms", "error_code": "error_type"},
    attributes={
        **_HTTP,
        "bucket": "aws.s3.bucket",
        "key": "aws.s3.key",
        "host_id": "aws.extended_request_id",
        "remote_ip": "client.address",
        "bytes_sent": "http.response.body.size",
        "host_header": "server.address",
        "cipher_suite": "tls.cipher",
        "tls_version": "tls.protocol.version",
    },
    prefix="aws.s3.",
    template=(("operation",), ("bucket",), ("http_status",), ("error_code",)),
    by_status=True,
    dashes=True,
)

# API Gateway's CLF template: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
GATEWAY_CLF_FIELDS = _names(
    "sourceIp caller user.name time request status responseLength request_id extendedRequestId"
)
# Apache's combined log format: https://httpd.apache.org/docs/2.4/logs.html#combined
COMBINED_FIELDS = _names("sourceIp identity user.name time request status responseLength referer user_agent")
CLF = Dialect(
    columns={"time": "time", "status": "http_status", "request_id": "request_id"},
    attributes={
        **_HTTP,
        "sourceIp": "client.address",
        "responseLength": "http.response.body.size",
        "extendedRequestId": "aws.extended_request_id",
    },
    template=(*_REQUEST, ("status",)),
    by_status=True,
    dashes=True,
)
