-- The 32 lower-case hex digits of a trace id in any form, or null if the text is none.
--   id   32 hex digits, X-Ray's 1-8hex-24hex, an X-Amzn-Trace-Id header (Root=…) or a W3C traceparent
create macro as_trace_id(id) as
    nullif(replace(regexp_extract(
        coalesce(nullif(regexp_extract(lower(id), 'root=([^;]*)', 1), ''), lower(trim(id))),
        '^(?:1-|[0-9a-f]{2}-)?([0-9a-f]{8}-?[0-9a-f]{24})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$',
        1
    ), '-', ''), '');
