-- SLI: requests that were answered, and not with a status of 5xx. One row = one minute in one region, columns as of sli().
--   since, until   first instant and the one after the last; default: all times
create macro sli_availability(since := null, until := null) as table
    with answered as (
        select epoch_us(time) // 60000000 as number, region, http_status
        from logs
        where http_status is not null
            and is_access_log(log_group, service)
            and within(time, day, since, until)
    )
    select
        to_timestamp(number * 60) as minute,
        region,
        count(*) filter (where http_status < 500) as good,
        count(*) as valid
    from answered
    group by number, region;
