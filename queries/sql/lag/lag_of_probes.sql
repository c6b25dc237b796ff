-- Replication lag as probes have it. One row = one resource and ordered pair of regions.
--   since, until   first instant and the one after the last; default: all times
-- Probes are single writes. Percentiles are of all that became visible or timed out, and null where they fall among the
-- timeouts: unknown, longer than was waited for. Each lag is right within `error_bound_ms`, the greatest of all.
create macro lag_of_probes(since := null, until := null) as table
    select
        layer,
        resource,
        region as source_region,
        target_region,
        count(*) as probes,
        count_if(outcome = 'timeout')::bigint as timeouts,
        count_if(outcome = 'error')::bigint as errors,
        nullif(quantile_disc(if(outcome = 'visible', lag_ms, 'infinity'), 0.50) filter (where outcome <> 'error'),
            'infinity') as p50_ms,
        nullif(quantile_disc(if(outcome = 'visible', lag_ms, 'infinity'), 0.95) filter (where outcome <> 'error'),
            'infinity') as p95_ms,
        nullif(quantile_disc(if(outcome = 'visible', lag_ms, 'infinity'), 0.99) filter (where outcome <> 'error'),
            'infinity') as p99_ms,
        case when count_if(outcome = 'timeout') = 0 then max(lag_ms) end as max_ms,
        max(error_bound_ms) as error_bound_ms,
        max_by(lag_ms, time) as last_ms,
        max_by(outcome, time) as last_outcome,
        max(time) as last_time
    from probes
    where within(time, day, since, until)
    group by layer, resource, region, target_region;
