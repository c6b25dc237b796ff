-- The last replication lag that was measured on a way. One row = one layer.
--   source, target   region that is written in, and one that is replicated to; null is any
--   since, until     first instant and the one after the last; default: all times
create macro last_lags(source, target, since := null, until := null) as table
    select
        layer,
        max(time) as time,
        max_by(lag_ms, time) / 1000 as lag_s
    from lag_between(since := since, until := until)
    where (source is null or source_region = source)
        and (target is null or target_region = target)
        and lag_ms is not null
    group by layer;
