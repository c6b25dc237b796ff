-- All spans of one trace over all regions, or of the traces of one request, in time order. One row = one span.
--   id             a trace id in any form (see as_trace_id), or a request id
--   since, until   first instant and the one after the last; default: all times
create macro trace_spans(id, since := null, until := null) as table
    -- One scan per id and column, as in request(): a Bloom filter is asked about one value.
    with traces as (
        select as_trace_id(id) as trace_id
        union
        select trace_id from spans where request_id = trim(id) and within(time, day, since, until)
        union
        select trace_id from logs where request_id = trim(id) and within(time, day, since, until)
    )
    select spans.*
    from spans
    where trace_id in (select trace_id from traces where trace_id is not null)
        and within(time, day, since, until)
    order by time, region, span_id;
