-- The newest metric, event and probe of each region. One row = one region and one of these signals; of logs and
-- spans health_of_logs() and health_of_spans() tell it in passing.
--   since, until   first instant and the one after the last; default: all times
-- `newest` is the latest time of a row, `received` when the collector got the last of them.
create macro newest_signals(since := null, until := null) as table
    select region, 'metrics' as signal, max(time) as newest, max(observed_time) as received
    from metrics
    where within(time, day, since, until)
    group by region
    union all
    select region, 'events' as signal, max(time) as newest, max(observed_time) as received
    from events
    where within(time, day, since, until)
    group by region
    union all
    select region, 'probes' as signal, max(time) as newest, max(observed_time) as received
    from probes
    where within(time, day, since, until)
    group by region;
