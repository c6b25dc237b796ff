-- What was done to the keys that some requests used (see operations), by anybody in any region.
-- One row = one operation.
--   traces, requests   lists of trace ids and of request ids
--   since, until       first instant and the one after the last; default: all times
create macro key_operations(traces, requests, since := null, until := null) as table
    with found as materialized (from operations(since := since, until := until))
    select *
    from found
    where key_hash in (
        select key_hash
        from found
        where trace_id in (select unnest(traces)) or request_id in (select unnest(requests))
    );
