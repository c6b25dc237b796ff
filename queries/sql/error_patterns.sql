-- The kinds of errors, the most frequent first. One row = one fingerprint of one service.
--   since, until   first instant and the one after the last; default: all times
-- `users` counts distinct identities (the same person in two zones is two), `example` is the latest message and
-- `example_request` its request or trace, to be looked up with request().
create macro error_patterns(since := null, until := null) as table
    with errors as (
        select *
        from logs
        where is_error(severity_number, http_status, error_type)
            and within(time, day, since, until)
    )
    select
        fingerprint,
        service,
        count(*) as count,
        count(distinct user_id) as users,
        array_agg(distinct region order by region) as regions,
        min(time) as first_seen,
        max(time) as last_seen,
        max_by(error_type, row(time, event_id)) as error_type,
        max_by(body, row(time, event_id)) as example,
        max_by(coalesce(request_id, trace_id), row(time, event_id)) as example_request
    from errors
    group by fingerprint, service
    order by count desc, last_seen desc, fingerprint, service;
