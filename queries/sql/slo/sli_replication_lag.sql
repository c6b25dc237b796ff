-- SLI: measurements of replication that found it in time. One row = one minute of one ordered pair of regions, columns
-- as of sli().
--   of_layer       session, file, database or cache
--   limit_ms       in time is within so many milliseconds
--   since, until   first instant and the one after the last; default: all times
-- Probes count, and in minutes without one that is certain CloudWatch's average, or maximum where there is no other.
-- A probe is certain if its error bound does not reach across the limit, or if it waited longer and saw nothing.
create macro sli_replication_lag(of_layer, limit_ms, since := null, until := null) as table
    with probed as (
        select
            epoch_us(time) // 60000000 as number,
            region as source_region,
            target_region,
            case outcome
                when 'visible' then case
                    when lag_ms + error_bound_ms <= limit_ms then true
                    when lag_ms - error_bound_ms > limit_ms then false
                end
                when 'timeout' then case
                    when try_cast(attributes['probe.waited_ms'] as double) > limit_ms then false
                end
            end as is_good
        from probes
        where layer = of_layer
            and within(time, day, since, until)
    ),
    points as (
        select
            epoch_us(time) // 60000000 as number,
            source_region,
            target_region,
            arg_min(value, statistic) * case any_value(unit) when 's' then 1000 else 1 end <= limit_ms as is_good
        from metrics
        where layer = of_layer
            and name in (
                'AWS/DynamoDB/ReplicationLatency', 'AWS/S3/ReplicationLatency',
                'AWS/RDS/AuroraGlobalDBReplicationLag', 'AWS/ElastiCache/GlobalDatastoreReplicationLag'
            )
            and statistic in ('average', 'maximum')
            and source_region is not null
            and target_region is not null
            and within(time, day, since, until)
        group by number, source_region, target_region, resource
    ),
    counted as (
        select number, source_region, target_region, 1 as probes, 0 as points, is_good from probed
        union all
        select number, source_region, target_region, 0, 1, is_good from points
    ),
    summed as (
        select
            number,
            source_region,
            target_region,
            count(is_good) filter (where probes = 1) as certain,
            count(*) filter (where is_good and probes = 1) as probes_in_time,
            sum(points) as points,
            count(*) filter (where is_good and points = 1) as points_in_time,
            count(*) filter (where is_good is null) as uncertain
        from counted
        group by all
    )
    select
        to_timestamp(number * 60) as minute,
        source_region as region,
        target_region,
        if(certain > 0, probes_in_time, points_in_time) as good,
        if(certain > 0, certain, points) as valid,
        if(certain > 0 or points = 0, uncertain, 0) as unknown
    from summed;
