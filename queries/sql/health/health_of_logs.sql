-- What the logs say of each region and service: how much went wrong, and what was answered to requests.
--   since, until   first instant and the one after the last; default: all times
-- Records of a Lambda function's log group are of the function, whatever the application calls itself. Requests are
-- what access logs tell (see is_access_log): invocations of functions are counted by their metrics and spans. `refused`
-- are those answered with 429, `latency_ms` is p50, p95 and p99.
-- One row = one service of a region.
create macro health_of_logs(since := null, until := null) as table
    with grouped as (
        select
            region,
            coalesce(service, log_group) as service,
            case when starts_with(log_group, '/aws/lambda/') then log_group end as function_group,
            count(*) as records,
            count_if(is_error(severity_number, http_status, error_type)) as error_records,
            count(http_status) as requests,
            count_if(http_status >= 500) as errors,
            count_if(http_status = 429) as refused,
            quantile_cont(duration_ms, [0.5, 0.95, 0.99]) filter (where http_status is not null) as latency_ms,
            max(time) as newest,
            max(observed_time) as received
        from logs
        where within(time, day, since, until)
        group by all
    ),
    named as (
        select
            * replace (coalesce(function_group[13:], service) as service),
            requests > 0 and is_access_log(coalesce(function_group, ''), service) as serves
        from grouped
    )
    select
        region,
        service,
        sum(records)::bigint as records,
        sum(error_records)::bigint as error_records,
        sum(requests) filter (where serves)::bigint as requests,
        sum(errors) filter (where serves)::bigint as errors,
        sum(refused) filter (where serves)::bigint as refused,
        any_value(latency_ms) filter (where serves) as latency_ms,  -- a service has one group that serves
        max(newest) as newest,
        max(received) as received
    from named
    group by region, service;
