-- What the application did to its stores, as far as it logged it: reads and writes with the version they saw or
-- made. Services that note them on spans instead ([consistency] spans) are read there. One row = one operation.
--   since, until   first instant and the one after the last; default: all times
-- `time` is when the operation ended and `started` when it began, both by the clock of `region`, which logged it;
-- `served_by` is the region that answered. `result` is ok, or what went wrong. `version` is as the application
-- writes it: a number and the region that wrote it, "none" for what was not found; null is unknown.
create macro operations(since := null, until := null) as table
    with logged as (
        select
            event_id as op_id,
            time,
            duration_ms,
            is_error(severity_number, http_status, error_type) as failed,
            region, service, user_id, session_id, trace_id, request_id, attributes
        from logs
        where attributes[operation_key('op')] in ('read', 'write')
            and within(time, day, since, until)
    ),
    traced as (
        select
            span_id as op_id,
            time + to_microseconds((duration_ms * 1000)::bigint) as time,
            duration_ms,
            status_code = 'ERROR' as failed,
            region, service, user_id, session_id, trace_id, request_id, attributes
        from spans
        where list_contains(operations_on_spans(), service)
            and attributes[operation_key('op')] in ('read', 'write')
            and within(time, day, since, until)
    )
    select
        op_id,
        time,
        time - to_microseconds((duration_ms * 1000)::bigint) as started,
        duration_ms,
        region,
        coalesce(attributes[operation_key('served_by')], region) as served_by,
        attributes[operation_key('store')] as store,
        layer_of(store) as layer,
        attributes[operation_key('key_hash')] as key_hash,
        attributes[operation_key('op')] as op,
        attributes[operation_key('version')] as version,
        attributes[operation_key('based_on')] as based_on,
        attributes[operation_key('state')] as state,
        attributes[operation_key('mode')] as mode,
        coalesce(attributes[operation_key('result')], if(failed, 'error', 'ok')) as result,
        service, user_id, session_id, trace_id, request_id
    from (from logged union all from traced);
