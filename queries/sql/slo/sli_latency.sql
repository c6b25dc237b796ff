-- SLI: requests that were answered in time, of those that did not fail. Unknown where the access log has no duration.
-- One row = one minute in one region, columns as of sli().
--   limit_ms       in time is within so many milliseconds
--   since, until   first instant and the one after the last; default: all times
create macro sli_latency(limit_ms, since := null, until := null) as table
    with answered as (
        select epoch_us(time) // 60000000 as number, region, duration_ms
        from logs
        where http_status < 500
            and is_access_log(log_group, service)
            and within(time, day, since, until)
    )
    select
        to_timestamp(number * 60) as minute,
        region,
        count(*) filter (where duration_ms <= limit_ms) as good,
        count(duration_ms) as valid,
        count(*) - count(duration_ms) as unknown
    from answered
    group by number, region;
