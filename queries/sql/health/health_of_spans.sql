-- What the spans say of each region and service. Requests are the SERVER spans of a service, an error is an HTTP
-- status of 5xx, or the status ERROR where there is no HTTP status (X-Ray marks 4xx as ERROR, too).
--   since, until   first instant and the one after the last; default: all times
-- X-Ray has two SERVER spans for each invocation of a Lambda function, one with the HTTP status of the service and one
-- of the function without. So of those with a status and those without only the more frequent count.
-- Spans are often a sample: of the requests there may be more. `latency_ms` is p50, p95 and p99.
-- One row = one service of a region.
create macro health_of_spans(since := null, until := null) as table
    with grouped as (
        select
            region,
            service,
            kind = 'SERVER' as serves,
            http_status is not null as has_status,
            count(*) as requests,
            count_if(http_status >= 500 or (http_status is null and status_code = 'ERROR')) as errors,
            quantile_cont(duration_ms, [0.5, 0.95, 0.99]) filter (where kind = 'SERVER') as latency_ms,
            max(time) as newest,
            max(observed_time) as received
        from spans
        where within(time, day, since, until)
        group by all
    )
    select
        region,
        service,
        max(requests) filter (where serves) as requests,
        max(errors) filter (where serves) as errors,
        max_by(latency_ms, has_status) filter (where serves) as latency_ms,
        max(newest) as newest,
        max(received) as received
    from grouped
    group by region, service;
