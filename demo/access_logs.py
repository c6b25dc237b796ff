"""What stands in front of the functions: access logs of API Gateway, ALB and CloudFront, and DNS queries."""

from __future__ import annotations

from urllib.parse import quote

from demo.regions import ACCOUNT, BY_NAME, DOMAIN
from demo.requests import Request, moment
from demo.text import epoch_ms, iso, json, w3c

ZONE_ID = "Z0EXAMPLE1SHOP"
LOAD_BALANCER = "app/shop-legacy/50dc6c495c0c9188"
DISTRIBUTION = "E1EXAMPLESHOP"
CLOUDFRONT_FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol "
    "cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type "
    "cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte "
    "x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"
)


def api_gateway_json(request: Request) -> str:
    """A REST API's access log in the usual JSON template: every value a string, `-` where there is none."""
    failure, invocation = request.failure, request.invocation
    throttled = failure and failure.layer == "compute" and failure.cause == "throttled"
    escaped = throttled or (failure and not failure.handled)
    return json(
        {
            "requestId": request.request_id,
            "extendedRequestId": request.extended_request_id,
            "xrayTraceId": request.trace_id,
            "sourceIp": request.user.ip,
            "userAgent": request.user.agent,
            "sub": request.user.id,
            "requestTime": f"{moment(request.start):%d/%b/%Y:%H:%M:%S +0000}",
            "requestTimeEpoch": str(epoch_ms(request.start)),
            "httpMethod": request.method,
            "resourcePath": request.route.partition(" ")[2],
            "path": request.path,
            "protocol": "HTTP/1.1",
            "status": str(request.status),
            "responseLength": str(request.size),
            "responseLatency": str(round(request.duration * 1000)),
            "integrationLatency": str(round(invocation.duration * 1000)) if invocation else "-",
            "integrationStatus": "200" if invocation else "429" if throttled else "-",
            "integrationRequestId": invocation.request_id if invocation else "-",
            "errorMessage": "Internal server error" if escaped else _gateway_message(request),
            "errorResponseType": "INTEGRATION_FAILURE" if escaped else _gateway_type(request),
        }
    )


def _gateway_message(request: Request) -> str:
    return request.failure.message if request.failure and not request.invocation else "-"


def _gateway_type(request: Request) -> str:
    return request.failure.error_type if request.failure and not request.invocation else "-"


def api_gateway_clf(request: Request) -> str:
    """The same in the Common Log Format, with both request ids at the end."""
    return (
        f"{request.user.ip} - {request.user.id} [{moment(request.start):%d/%b/%Y:%H:%M:%S +0000}] "
        f'"{request.method} {request.path} HTTP/1.1" {request.status} {request.size} '
        f"{request.request_id} {request.extended_request_id}"
    )


def load_balancer(request: Request) -> str:
    """One line of an ALB's access log, 30 fields; its time is that of the answer."""
    client, ran = f"{request.user.ip}:{_port(request)}", request.invocation
    target, answer = (f"10.{len(request.region)}.1.20:8080", request.status) if ran else ("-", "-")
    times = f"0.001 {ran.duration:.3f} 0.000" if ran else "-1 -1 -1"
    url = f"https://download.{DOMAIN}:443{request.path}"
    group = (
        f"arn:aws:elasticloadbalancing:{request.region}:{ACCOUNT}:targetgroup/shop-download/73e2d6bc24d8a067"
    )
    certificate = f"arn:aws:acm:{request.region}:{ACCOUNT}:certificate/0a1b2c3d-0000-4000-8000-0123456789ab"
    created = moment(request.start).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    answered = moment(request.end).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    return (
        f"https {answered} {LOAD_BALANCER} {client} {target} {times} "
        f"{request.status} {answer} 512 {request.size} "
        f'"{request.method} {url} HTTP/2.0" "{request.user.agent}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
        f'{group} "Root={request.trace_id}" "download.{DOMAIN}" "{certificate}" 0 {created} '
        f'"forward" "-" "-" "{target}" "{answer}" "-" "-" TID_{w3c(request)}'
    )


def cloudfront(request: Request) -> str:
    """One line of CloudFront's standard log, in the order of CLOUDFRONT_FIELDS."""
    answered, user = moment(request.end), request.user
    edge, result = f"{BY_NAME[request.region].edge}-P1", "Error" if request.failed else "Miss"
    agent = quote(user.agent, safe="/();,:")
    fields = (
        f"{answered:%Y-%m-%d}", f"{answered:%H:%M:%S}", edge, request.size, user.ip, request.method,
        "d1example.cloudfront.net", request.path, request.status, "-", agent, "-", "-", result,
        request.edge_id, f"download.{DOMAIN}", "https", 512, f"{request.duration:.3f}", "-", "TLSv1.3",
        "TLS_AES_128_GCM_SHA256", result, "HTTP/2.0", "-", "-", _port(request), f"{request.duration:.3f}",
        result, "application/octet-stream", request.size, "-", "-",
    )  # fmt: skip
    return "\t".join(map(str, fields))


def dns_query(request: Request) -> str:
    """One line of a Route 53 public query log."""
    region = BY_NAME[request.region]
    name = f"{'download' if request.edge_id else 'api'}.{DOMAIN}"
    subnet = f"{region.network}.0/24"
    return f"1.0 {iso(request.start)} {ZONE_ID} {name} A NOERROR UDP {region.edge} {region.resolver} {subnet}"


def _port(request: Request) -> int:
    """The client's ephemeral port."""
    return 32768 + request.number % 28232
