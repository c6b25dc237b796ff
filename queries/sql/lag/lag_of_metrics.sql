-- Replication lag as metrics have it. One row = one metric of one resource and ordered pair of regions.
--   since, until   first instant and the one after the last; default: all times
-- All metrics of a store that name a region and are measured in time. Most tell the maximum of a period; where one has
-- several statistics, the first of maximum, p99, p95, p90, last and average is taken, and `statistic` says which it is:
-- p99_ms is what this statistic did not exceed in 99 of 100 periods. The greatest lag is known of maxima alone.
create macro lag_of_metrics(since := null, until := null) as table
    with points as (
        select
            layer,
            resource,
            source_region,
            target_region,
            attributes['SourceBucket'] as source_bucket,
            name as metric,
            statistic,
            value * case unit when 's' then 1000 when 'us' then 0.001 else 1 end as lag_ms,
            time
        from metrics
        where layer in ('session', 'file', 'database', 'cache')
            and unit in ('s', 'ms', 'us')
            and statistic in ('maximum', 'p99', 'p95', 'p90', 'last', 'average')
            and (source_region is not null or target_region is not null)
            and within(time, day, since, until)
    ),
    -- A collector may not know where another one's bucket is; but there, replication into it is measured, if any.
    buckets as (
        select resource as source_bucket, min(target_region) as bucket_region
        from points
        where metric = 'AWS/S3/ReplicationLatency'
        group by resource
    ),
    final as (
        select
            layer,
            resource,
            coalesce(source_region, bucket_region) as source_region,
            target_region,
            metric,
            statistic,
            count(*) as periods,
            quantile_disc(lag_ms, 0.50) as p50_ms,
            quantile_disc(lag_ms, 0.95) as p95_ms,
            quantile_disc(lag_ms, 0.99) as p99_ms,
            max(lag_ms) filter (where statistic = 'maximum') as max_ms,
            max_by(lag_ms, time) as last_ms,
            max(time) as last_time
        from points
        left join buckets using (source_bucket)
        group by all
    )
    select *
    from final
    qualify row_number() over (
        partition by layer, resource, source_region, target_region, metric
        order by list_position(['maximum', 'p99', 'p95', 'p90', 'last', 'average'], statistic)
    ) = 1;
