-- All records of one user over all regions, in time order. One row = one log record.
--   user           the user in clear; found as well under the pseudonym of every zone
--   since, until   first instant and the one after the last; default: all times
--   errors_only    only records that are errors (see is_error)
create macro find_user(user, since := null, until := null, errors_only := false) as table
    select *
    from logs
    where is_user(user_id, user)
        and within(time, day, since, until)
        and (not errors_only or is_error(severity_number, http_status, error_type))
    order by time, region, log_stream, event_id;
