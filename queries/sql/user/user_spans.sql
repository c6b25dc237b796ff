-- All spans of one user's requests over all regions, in time order: the spans that name the user, and the others of
-- the same traces and of the traces that the user's log records name. One row = one span.
--   user           the user in clear; found as well under the pseudonym of every zone
--   since, until   first instant and the one after the last; default: all times
create macro user_spans(user, since := null, until := null) as table
    with traces as (
        select trace_id from spans where is_user(user_id, user) and within(time, day, since, until)
        union
        select trace_id from logs where is_user(user_id, user) and within(time, day, since, until)
    )
    select spans.*
    from spans
    semi join traces using (trace_id)
    where within(time, day, since, until)
    order by time, region, span_id;
