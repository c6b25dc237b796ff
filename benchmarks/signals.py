"""What the shop of benchmarks/search.py tells besides its logs: operations, spans, metrics, events and probes.

All of it follows from the log records of a day, so that one request has the same ids and times in every table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from queries import Session, connect
from store import segments
from store.commit import commit
from store.layout import content_id
from store.objects import Store
from store.schema import EVENTS, LOGS, METRICS, PROBES, SPANS, Table
from store.segments import Written

WRITER = "eu-west-1"  # where the database takes writes

# One row per request of a day: the ids and times of its log records.
REQUESTS = """
with request as (
    select
        region, day, trace_id,
        min(time) as time,
        max(user_id) as user_id,
        max(session_id) as session_id,
        max(http_status) as http_status,
        max(duration_ms) filter (where http_status is not null) as duration_ms,
        max(service) filter (where user_id is not null) as function,
        max(request_id) filter (where user_id is not null) as function_id,
        max(request_id) filter (where http_status is not null) as gateway_id,
        hash(trace_id) as noise
    from logs
    where day = $day
    group by region, day, trace_id
)
"""

# Every second request reads or writes the user's session: a write makes a version, a read sees the latest one, or
# one in a hundred an older one.
OPERATIONS = """,
operation as (
    select
        *,
        time + interval 20 millisecond as ended,
        noise % 8 < 2 as writes,
        md5(user_id)[:16] as key_hash,
        epoch_ms(time)::varchar || '@' || region as own,
        lag(case when writes then own end ignore nulls) over by_user as seen,
        lag(case when writes then own end, 2) over by_user as older
    from request
    where noise % 2 = 0
    window by_user as (partition by user_id order by time)
)
select
    ended as time, ended + interval 2 second as observed_time, region, day, '123456789012' as account_id,
    'sessions' as service, 9::integer as severity_number, 'INFO' as severity_text,
    concat('session ', if(writes, 'written', 'read'), ' ', key_hash) as body,
    trace_id, null::varchar as span_id, function_id as request_id, session_id, user_id,
    null::integer as http_status, (3 + noise % 9)::double as duration_ms, null::varchar as error_type,
    md5(writes::varchar)[:16] as fingerprint, '/aws/lambda/shop-sessions' as log_group,
    md5((noise % 40)::varchar) as log_stream, md5(trace_id || 'operation') as event_id,
    map {
        'message': 'session', 'store': 'shop-sessions', 'op': if(writes, 'write', 'read'), 'key_hash': key_hash,
        'version': if(writes, own, coalesce(if(noise % 100 = 0, older, seen), 'none')),
        'based_on': coalesce(seen, 'none'), 'mode': 'MREC', 'served_by': region
    } as attributes
from operation
"""

# Every fourth request is traced: the API, the function as the service and as itself have it, its call of a store, and
# of those that write, a call of the writer's region.
SPANS_OF = """,
traced as (select * from request where noise % 4 = 1),
span as (
    select *, unnest([
        {'name': 'shop', 'service': 'shop', 'kind': 'SERVER', 'after_ms': 0, 'took': duration_ms, 'parent': null,
            'status': http_status, 'place': region, 'request': gateway_id},
        {'name': function, 'service': 'shop-' || function, 'kind': 'SERVER', 'after_ms': 4, 'took': duration_ms * 0.9,
            'parent': 'shop', 'status': 200, 'place': region, 'request': function_id},
        {'name': 'handler', 'service': 'shop-' || function, 'kind': 'SERVER', 'after_ms': 8, 'took': duration_ms * 0.8,
            'parent': function, 'status': null, 'place': region, 'request': function_id},
        {'name': 'store', 'service': 'shop-' || function, 'kind': 'CLIENT', 'after_ms': 10, 'took': duration_ms * 0.5,
            'parent': 'handler', 'status': null, 'place': region, 'request': null},
        {'name': 'writer', 'service': 'shop-writer', 'kind': 'SERVER', 'after_ms': 10 + duration_ms * 0.2,
            'took': duration_ms * 0.1, 'parent': 'store', 'status': 200,
            'place': if(noise % 20 = 1 and region <> $writer, $writer, null), 'request': null}
    ], max_depth := 2)
    from traced
)
select
    time + to_microseconds((after_ms * 1000)::bigint) as time, time + interval 30 second as observed_time,
    place as region, day, '123456789012' as account_id, service, name, kind,
    if(http_status >= 500 and kind = 'SERVER', 'ERROR', 'UNSET') as status_code, null::varchar as status_message,
    trace_id, md5(trace_id || name)[:16] as span_id, md5(trace_id || parent)[:16] as parent_span_id,
    request as request_id, session_id, if(name = 'handler', user_id, null) as user_id, status::integer as http_status,
    took::double as duration_ms, if(http_status >= 500 and name = 'handler', 'WriterUnavailable', null) as error_type,
    if(kind = 'CLIENT', 'shop-sessions', null) as peer_service,
    map {'aws.xray.origin': 'AWS::Lambda', 'http.request.method': 'POST', 'url.path': '/' || function} as attributes
from span
where place is not null
"""

# A point a minute of each series: of the API, each function, each store and pair of regions, and the health checks.
METRICS_OF = """
with region as (select unnest($regions) as region),
pair as (
    select a.region as source, b.region as target from region as a join region as b on a.region <> b.region
),
series(region, namespace, name, statistic, unit, layer, resource, source, target, base, attributes) as (
    select region, 'AWS/ApiGateway', n, s, u, 'edge', 'shop', null, null, b, map {'Stage': 'prod'}
    from region, (values ('Count', 'sum', '1', 130.0), ('5XXError', 'sum', '1', 1.3), ('4XXError', 'sum', '1', 4.0),
        ('Latency', 'average', 'ms', 60.0), ('Latency', 'p99', 'ms', 900.0),
        ('IntegrationLatency', 'average', 'ms', 55.0), ('IntegrationLatency', 'p99', 'ms', 880.0)) as v(n, s, u, b)
    union all
    select region, 'AWS/Lambda', n, s, u, 'compute', 'shop-' || f, null, null, b, map {}
    from region, unnest(['orders', 'payments', 'sessions', 'files', 'profile']) as functions(f),
        (values ('Invocations', 'sum', '1', 26.0), ('Errors', 'sum', '1', 0.2), ('Throttles', 'sum', '1', 0.0),
        ('Duration', 'average', 'ms', 50.0), ('Duration', 'p95', 'ms', 200.0), ('Duration', 'p99', 'ms', 700.0),
        ('ConcurrentExecutions', 'maximum', '1', 30.0), ('IteratorAge', 'maximum', 'ms', 90.0)) as v(n, s, u, b)
    union all
    select region, 'AWS/Lambda', 'ClaimedAccountConcurrency', 'maximum', '1', 'compute', null, null, null, 200, map {}
    from region
    union all
    select source, 'AWS/DynamoDB', 'ReplicationLatency', s, 'ms', 'session', t, source, target, b,
        map {'ReceivingRegion': target}
    from pair, unnest(['shop-sessions', 'shop-file-tracker', 'shop-carts']) as tables(t),
        (values ('average', 900.0), ('maximum', 1800.0)) as v(s, b)
    union all
    select region, 'AWS/DynamoDB', n, s, u, 'session', t, null, null, b, map {}
    from region, unnest(['shop-sessions', 'shop-file-tracker', 'shop-carts']) as tables(t),
        (values ('ThrottledRequests', 'sum', '1', 0.1), ('SuccessfulRequestLatency', 'average', 'ms', 5.0),
        ('ConsumedReadCapacityUnits', 'sum', '1', 90.0), ('ConsumedWriteCapacityUnits', 'sum', '1', 40.0),
        ('SystemErrors', 'sum', '1', 0.0)) as v(n, s, u, b)
    union all
    select target, 'AWS/S3', n, 'maximum', u, 'file', 'shop-files-' || target, source, target, b,
        map {'SourceBucket': 'shop-files-' || source, 'RuleId': 'to-' || target}
    from pair, (values ('ReplicationLatency', 's', 30.0), ('BytesPendingReplication', 'By', 90000.0),
        ('OperationsPendingReplication', '1', 12.0)) as v(n, u, b)
    union all
    select target, 'AWS/RDS', n, s, 'ms', 'database', 'shop-aurora-' || target, source, target, b,
        map {'SourceRegion': source}
    from pair, (values ('AuroraGlobalDBReplicationLag', 'average', 300.0),
        ('AuroraGlobalDBReplicationLag', 'maximum', 900.0), ('AuroraGlobalDBRPOLag', 'maximum', 700.0),
        ('AuroraGlobalDBProgressLag', 'maximum', 800.0)) as v(n, s, b)
    where source = $writer
    union all
    select target, 'AWS/ElastiCache', 'GlobalDatastoreReplicationLag', 'maximum', 's', 'cache', 'shop-cache', source,
        target, 1, map {}
    from pair where source = $writer
    union all
    select 'us-east-1', 'AWS/Route53', n, s, u, 'routing', md5(region), null, null, b, map {}
    from region, (values ('HealthCheckStatus', 'minimum', '1', 1.0),
        ('HealthCheckPercentageHealthy', 'average', '%', 100.0)) as v(n, s, u, b)
)
select
    $day::date::timestamptz + to_minutes(minute) as time, time + interval 90 second as observed_time,
    region, $day::date as day, '123456789012' as account_id, concat(namespace, '/', name) as name,
    case namespace when 'AWS/Route53' then base
        else base * (0.5 + (hash(series, minute) % 1000) / 1000.0) end::double as value,
    unit, statistic, 60::integer as period_s, layer, resource, source as source_region, target as target_region,
    md5(series::varchar)[:16] as series, attributes
from series, range(1440) as minutes(minute)
"""

EVENTS_OF = """
select
    $day::date::timestamptz + to_minutes(20 * number) + to_seconds(length(region)) as time, time as observed_time,
    region, $day::date as day, '123456789012' as account_id,
    ['alarm', 'deployment', 'health_check', 'topology', 'drill'][1 + number % 5] as kind,
    concat('subject-', number % 7) as subject, if(number % 2 = 0, 'ALARM', 'OK') as state,
    null::varchar as from_region, null::varchar as to_region, 'Something changed its state.' as title,
    md5(concat_ws('/', region, $day, number)) as event_id, map {'aws.state.source': 'health_check'} as attributes
from unnest($regions) as regions(region), range(72) as numbers(number)
"""

PROBES_OF = """
select
    $day::date::timestamptz + to_minutes(minute) as time, time + interval 60 second as observed_time,
    a.region, $day::date as day, b.region as target_region, layer, concat('shop-', layer) as resource,
    md5(concat_ws('/', a.region, b.region, layer, $day, minute))[:16] as key_hash,
    if(hash(key_hash) % 500 = 0, 'timeout', 'visible') as outcome,
    if(outcome = 'visible', (hash(key_hash) % 3000)::double, null) as lag_ms,
    if(outcome = 'visible', (hash(key_hash) % 300)::double, null) as error_bound_ms, 'one_way' as mode,
    map {'probe.version': '1'} as attributes
from unnest($regions) as a(region)
join unnest($regions) as b(region) on a.region <> b.region,
    unnest(['session', 'file', 'database', 'cache']) as layers(layer), range(1440) as minutes(minute)
where layer in ('session', 'file') or a.region = $writer
"""


QUERIES: tuple[tuple[Table, str], ...] = (
    (LOGS, REQUESTS + OPERATIONS),
    (SPANS, REQUESTS + SPANS_OF),
    (METRICS, METRICS_OF),
    (EVENTS, EVENTS_OF),
    (PROBES, PROBES_OF),
)


def add(store: Store, days: Sequence[date], regions: Sequence[str]) -> None:
    """Deliver and commit what goes with the logs of these days."""
    for day in days:
        values = {"day": day.isoformat(), "regions": list(regions), "writer": WRITER}
        with connect(store) as session:
            files = [
                file
                for table, query in QUERIES
                for file in _deliver(store, table, _rows(session, query, values)).files
            ]
        result = commit(store, files)
        assert not result.failed
        print(f"  {day}: {result.rows:,} rows besides the logs", flush=True)


def _rows(session: Session, query: str, values: dict[str, Any]) -> pa.Table:
    used = {name: value for name, value in values.items() if f"${name}" in query}
    return session.connection.execute(query, used).to_arrow_table()


def _deliver(store: Store, table: Table, rows: pa.Table) -> Written:
    return segments.write(store, table, rows, content_id([table.name.encode(), str(rows["day"][0]).encode()]))
