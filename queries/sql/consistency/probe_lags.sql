-- What each probe says of the time after which a write could be seen in another region. One row = one probe.
--   since, until   first instant and the one after the last; default: all times
-- It is more than `least` and at most `most` ms; null is no limit.
create macro probe_lags(since := null, until := null) as table
    select
        layer,
        resource as store,
        region as write_region,
        target_region as read_region,
        case outcome
            when 'visible' then greatest(lag_ms - error_bound_ms, 0)
            when 'timeout' then try_cast(attributes['probe.waited_ms'] as double)
        end as least,
        case outcome when 'visible' then lag_ms + error_bound_ms end as most
    from probes
    where within(time, day, since, until);
