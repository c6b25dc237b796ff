-- What is the same for errors of one kind: of an access log's line its status, else the fingerprint.
--   error_type, http_status, fingerprint   the columns of the record
create macro failure_pattern(error_type, http_status, fingerprint) as
    case when error_type is null and http_status is not null then http_status::varchar else fingerprint end;
