-- Whether a log record with an HTTP status tells of a request that a region answered. Not in a function's own log
-- group, where a status may be that of a call it made; not CloudFront's, which is in no region and passes on to what
-- logs the request, too.
--   log_group, service   the columns of the record
create macro is_access_log(log_group, service) as
    not starts_with(log_group, '/aws/lambda/') and not ends_with(coalesce(service, ''), '.cloudfront.net');
