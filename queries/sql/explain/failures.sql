-- The records of failed requests (see is_failure). One row = one log record.
--   since, until   first instant and the one after the last; default: all times
-- `pattern` is the same for errors of one kind (see failure_pattern), `stack` the stack trace, or the text with it.
create macro failures(since := null, until := null) as table
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
        coalesce(attributes['exception.stacktrace'], body) as stack
    from logs
    where is_failure(severity_number, http_status, error_type)
        and within(time, day, since, until);
