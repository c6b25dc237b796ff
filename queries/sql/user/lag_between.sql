-- How far one region's data was behind in another, as measured: from metrics (maximum of a period, else average) and
-- from probes. One row = one measurement, in time order.
--   since, until   first instant and the one after the last; default: all times
-- `time` is the end of a metric's period and the moment a probe was acknowledged, `lag_ms` of a probe that was never
-- seen is null.
create macro lag_between(since := null, until := null) as table
    with measured as (
        select
            time + to_seconds(coalesce(period_s, 0)) as time,
            layer,
            source_region,
            target_region,
            value * case unit when 's' then 1000 else 1 end as lag_ms,
            'metric' as source
        from metrics
        where within(time, day, since, until)
            and statistic in ('maximum', 'last')
            and unit in ('ms', 's')
            and (name like '%ReplicationLatency' or name like '%ReplicationLag')
            and source_region is not null
            and target_region is not null
        union all
        select time, layer, region, target_region, lag_ms, 'probe'
        from probes
        where within(time, day, since, until)
    )
    select * from measured order by time, layer, source_region, target_region;
