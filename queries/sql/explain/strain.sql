-- What metrics say of trouble in some minutes: throttles, failing health checks, concurrency, and replication lag.
-- One row = one data point. Columns of metrics, `value` of a lag in ms.
--   minutes        list of times, each the start of a minute; points of other minutes are left out
--   since, until   first instant and the one after the last; default: all times
create macro strain(minutes, since := null, until := null) as table
    select
        time_bucket(interval 1 minute, time) as time,
        region,
        name,
        case when source_region is not null and unit = 's' then value * 1000 else value end as value,
        resource,
        source_region,
        target_region,
        series
    from metrics
    where within(time, day, since, until)
        and time_bucket(interval 1 minute, time) in (select unnest(minutes))
        and case
            when name like '%Throttle%' then statistic = 'sum' and value > 0
            when name = 'AWS/Route53/HealthCheckStatus' then statistic = 'minimum' and value < 1
            when name in ('AWS/Lambda/ConcurrentExecutions', 'AWS/Lambda/ClaimedAccountConcurrency')
                then statistic = 'maximum'
            when name like '%Replication%' and unit in ('ms', 's')
                then statistic = 'maximum' and source_region is not null and target_region is not null
            else false
        end;
