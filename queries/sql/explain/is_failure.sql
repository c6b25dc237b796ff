-- Whether a log record tells of a failed request: an error (see is_error), or a request turned away (429).
--   severity_number, http_status, error_type   the columns of the record; unknown ones are null
create macro is_failure(severity_number, http_status, error_type) as
    is_error(severity_number, http_status, error_type) or coalesce(http_status = 429, false);
