-- All records of one request or one trace over all regions, in time order: the records that carry the id, and the
-- others of the same trace. One row = one log record.
--   id             a request id, or a trace id in any form (see as_trace_id)
--   since, until   first instant and the one after the last; default: all times
create macro request(id, since := null, until := null) as table
    -- One scan per id and column: a Bloom filter is asked about one value, not about a list or an alternative.
    with logged as (
        select *
        from logs
        where request_id = trim(id)
            and within(time, day, since, until)
        union all
        select *
        from logs
        where request_id = lower(trim(id))
            and trim(id) <> lower(trim(id))
            and within(time, day, since, until)
    ),
    traces as (
        select as_trace_id(id) as trace_id
        union
        select trace_id from logged
    ),
    final as (
        select *
        from logs
        where trace_id in (select trace_id from traces where trace_id is not null)
            and within(time, day, since, until)
        union all
        select * from logged where trace_id is null
    )
    select * from final order by time, region, log_stream, event_id;
