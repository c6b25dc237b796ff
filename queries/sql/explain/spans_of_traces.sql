-- The spans of some traces over all regions. One row = one span.
--   traces         list of trace ids, 32 lower-case hex digits
--   since, until   first instant and the one after the last; default: all times
create macro spans_of_traces(traces, since := null, until := null) as table
    select *
    from spans
    where trace_id in (select unnest(traces))
        and within(time, day, since, until);
