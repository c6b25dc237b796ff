-- SLI: log records that were collected in time. One row = one minute in one region, columns as of sli().
-- CloudFront's are left out: it delivers them up to a day late.
--   limit_s        in time is within so many seconds of when they were written
--   since, until   first instant and the one after the last; default: all times
create macro sli_freshness(limit_s, since := null, until := null) as table
    with collected as (
        select epoch_us(time) // 60000000 as number, region, epoch_us(observed_time) - epoch_us(time) as late_us
        from logs
        where not ends_with(coalesce(service, ''), '.cloudfront.net')
            and within(time, day, since, until)
    )
    select
        to_timestamp(number * 60) as minute,
        region,
        count(*) filter (where late_us <= limit_s * 1000000) as good,
        count(*) as valid
    from collected
    group by number, region;
