-- All records of one user's requests over all regions, in time order: besides the user's own records those that
-- share a request or a trace with them but name no user (access logs, timeouts and other lines of Lambda itself).
-- Looks at the ids of every record without a user within the span. One row = one log record.
--   user           the user in clear; found as well under the pseudonym of every zone
--   since, until   first instant and the one after the last; default: all times
--   errors_only    only records that are errors (see is_error)
create macro user_requests(user, since := null, until := null, errors_only := false) as table
    with own as (
        select * from logs where is_user(user_id, user) and within(time, day, since, until)
    ),
    -- Found by their ids alone and read afterwards: else every column of every record would be decoded.
    found as (
        select time, region, log_stream, event_id
        from logs
        where user_id is null
            and within(time, day, since, until)
            and (
                trace_id in (select trace_id from own)
                or request_id in (select request_id from own)
            )
    ),
    nameless as (
        select logs.*
        from logs
        semi join found using (time, region, log_stream, event_id)
        where user_id is null
            and within(time, day, since, until)
    ),
    final as (
        select * from own
        union all
        select * from nameless
    )
    select *
    from final
    where not errors_only or is_error(severity_number, http_status, error_type)
    order by time, region, log_stream, event_id;
