-- Requests that the front of a region answered: access logs of APIs and load balancers (see is_access_log).
-- One row = one request. `failed` are those answered with 5xx, `time_us` is microseconds since 1970 of the record,
-- and `began_us` of when the request came.
--   since, until   first instant and the one after the last; default: all times
create macro served(since := null, until := null) as table
    select
        time,
        epoch_us(time) as time_us,
        epoch_us(time) - coalesce(round(duration_ms * 1000)::bigint, 0) as began_us,
        region,
        coalesce(service, log_group) as service,
        user_id,
        trace_id,
        request_id,
        http_status,
        http_status >= 500 as failed
    from logs
    where http_status is not null
        and is_access_log(log_group, service)
        and within(time, day, since, until);
