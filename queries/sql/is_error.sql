-- Whether a log record is an error: OpenTelemetry severity ERROR or above, an HTTP status of 5xx, or an error type.
--   severity_number, http_status, error_type   the columns of the record; unknown ones are null
create macro is_error(severity_number, http_status, error_type) as
    coalesce(severity_number >= 17, false) or coalesce(http_status >= 500, false) or error_type is not null;
