-- The records of one user's failed requests over all regions: the user's own, and those without a user that share a
-- request or a trace with them (the line of a timeout, of a load balancer). One row = one log record, as failures().
--   user           the user in clear; found as well under the pseudonym of every zone
--   since, until   first instant and the one after the last; default: all times
create macro user_failures(user, since := null, until := null) as table
    with own as (
        select trace_id, request_id from logs where is_user(user_id, user) and within(time, day, since, until)
    )
    select * from failures(since := since, until := until) where is_user(user_id, user)
    union all
    -- Without texts: to find these, only the columns with ids have to be read.
    select * replace (null as path, null as message, null as said, null as stack)
    from failures(since := since, until := until)
    where user_id is null
        and (
            trace_id in (select trace_id from own)
            or request_id in (select request_id from own)
        );
