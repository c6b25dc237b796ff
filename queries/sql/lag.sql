-- Replication lag by layer, resource and ordered pair of regions, of metrics and of probes side by side.
-- One row = one metric of one resource and pair, or a probed resource and pair of which there is no metric.
--   since, until   first instant and the one after the last; default: all times
-- For what the figures mean see lag_of_metrics() and lag_of_probes(). Probes stand beside the metrics of the resource of
-- the same common_name(), or of the only one of its layer and pair if theirs is the only one, too; `probed` is what they
-- call it. Ages are in seconds before `until`, or before now.
create macro lag(since := null, until := null) as table
    with measured as (
        select *, count(distinct name) over (partition by layer, source_region, target_region) as names
        from (
            select *, common_name(resource, source_region, target_region) as name
            from lag_of_metrics(since := since, until := until)
        )
    ),
    probed as (
        select *, count(distinct name) over (partition by layer, source_region, target_region) as names
        from (
            select *, common_name(resource, source_region, target_region) as name
            from lag_of_probes(since := since, until := until)
        )
    )
    select
        coalesce(m.layer, p.layer) as layer,
        coalesce(m.resource, p.resource) as resource,
        coalesce(m.source_region, p.source_region) as source_region,
        coalesce(m.target_region, p.target_region) as target_region,
        m.metric,
        m.statistic,
        m.periods,
        m.p50_ms as metric_p50_ms,
        m.p95_ms as metric_p95_ms,
        m.p99_ms as metric_p99_ms,
        m.max_ms as metric_max_ms,
        m.last_ms as metric_last_ms,
        m.last_time as metric_last_time,
        epoch(coalesce(until::timestamptz, now()) - m.last_time) as metric_age_s,
        p.resource as probed,
        p.probes,
        p.timeouts,
        p.errors,
        p.p50_ms as probe_p50_ms,
        p.p95_ms as probe_p95_ms,
        p.p99_ms as probe_p99_ms,
        p.max_ms as probe_max_ms,
        p.error_bound_ms as probe_error_bound_ms,
        p.last_ms as probe_last_ms,
        p.last_outcome as probe_last_outcome,
        p.last_time as probe_last_time,
        epoch(coalesce(until::timestamptz, now()) - p.last_time) as probe_age_s
    from measured as m
    full join probed as p
        on m.layer = p.layer
        and m.source_region = p.source_region
        and m.target_region = p.target_region
        and (m.name = p.name or (m.names = 1 and p.names = 1))
    order by layer, resource, source_region, target_region, metric;
