-- All records of one request or one trace over all regions, in time order: the records that carry the id, and the
-- others of the same trace. One row = one log record.
--   id             a request id, or a trace id in any form (see as_trace_id)
--   since, until   first instant and the one after the last; default: all times
create macro request(id, since := null, until := null) as table
    -- One scan per id and column: a Bloom filter is asked about one value, not about a list or an alternative.
    -- Only ids and places at first: a row group costs twice as much, even one without the id, if all columns are
    -- to be read. They are read in the end, of the regions and days that were found.
    with named as (
        select region, day, trace_id, request_id
        from logs
        where request_id = trim(id)
            and within(time, day, since, until)
        union all
        select region, day, trace_id, request_id
        from logs
        where request_id = lower(trim(id))
            and trim(id) <> lower(trim(id))
            and within(time, day, since, until)
    ),
    traces as (
        select as_trace_id(id) as trace_id
        union
        select trace_id from named
    ),
    traced as (
        select distinct region, day, trace_id
        from logs
        where trace_id in (select trace_id from traces where trace_id is not null)
            and within(time, day, since, until)
    ),
    untraced as (
        select distinct region, day, request_id from named where trace_id is null
    ),
    -- A join with nothing would read every file before it finds no row; no file is of the region ''.
    untraced_or_nowhere as (
        from untraced
        union all
        select '', '-infinity'::date, '' where not exists (from untraced)
    ),
    final as (
        select logs.*
        from logs
        semi join traced using (region, day, trace_id)
        where within(time, day, since, until)
        union all
        select logs.*
        from logs
        semi join untraced_or_nowhere using (region, day, request_id)
        where trace_id is null
            and within(time, day, since, until)
    )
    select * from final order by time, region, log_stream, event_id;
