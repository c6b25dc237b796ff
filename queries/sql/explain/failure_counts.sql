-- How often each kind of error occurred, by minute. One row = one pattern (see failures) and type of one service in one
-- region and minute. `type` is the error's, or else its pattern.
--   since, until   first instant and the one after the last; default: all times
create macro failure_counts(since := null, until := null) as table
    select
        pattern,
        coalesce(error_type, pattern) as type,
        service,
        region,
        time_bucket(interval 1 minute, time) as minute,
        count(*) as count
    from failures(since := since, until := until)
    group by all;
