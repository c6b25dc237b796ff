-- To which traces requests belong, as logs and spans name both. One row = one request id and trace id.
--   requests       list of request ids
--   since, until   first instant and the one after the last; default: all times
create macro request_traces(requests, since := null, until := null) as table
    select request_id, trace_id
    from spans
    where request_id in (select unnest(requests))
        and within(time, day, since, until)
    union
    select request_id, trace_id
    from logs
    where request_id in (select unnest(requests))
        and trace_id is not null
        and within(time, day, since, until);
