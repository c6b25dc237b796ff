-- The records of one request or trace (see request) as failures() has them. One row = one log record; `failed` says
-- whether it is one of a failure.
--   id             a request id, or a trace id in any form (see as_trace_id)
--   since, until   first instant and the one after the last; default: all times
create macro request_failures(id, since := null, until := null) as table
    select
        time,
        region,
        service,
        trace_id,
        request_id,
        user_id,
        http_status,
        error_type,
        failure_pattern(error_type, http_status, fingerprint) as pattern,
        attributes['url.path'] as path,
        log_stream,
        event_id,
        attributes['exception.message'] as message,
        coalesce(attributes['message'], body) as said,
        coalesce(attributes['exception.stacktrace'], body) as stack,
        is_failure(severity_number, http_status, error_type) as failed
    from request(id, since := since, until := until);
